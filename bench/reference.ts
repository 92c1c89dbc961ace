import type { Case } from './suite.ts'

const document = JSON.stringify(
  Array.from({ length: 64 }, (_, index) => ({
    id: index.toString(16).padStart(16, '0'),
    name: `operation ${index}`,
    attributes: { 'http.response.status_code': 200 + index, 'url.path': `/orders/${index}`, retried: index % 2 === 0 },
  })),
)

/**
 * Work that is not BeTrace's and never changes, measured with every case. A case without a baseline is compared with it,
 * because a time alone says as much about the machine and its day.
 */
export const REFERENCE: Case = {
  name: 'JSON.parse of 10 KB',
  run: () => JSON.parse(document),
  units: 1,
  unit: 'document',
}
