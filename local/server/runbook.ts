/** Headings of docs/runbook.md that messages point to; a test holds them to it. */
export const RUNBOOK = {
  full: 'docs/runbook.md#the-disk-is-full',
  filling: 'docs/runbook.md#the-database-fills-up',
  readOnly: 'docs/runbook.md#the-disk-is-read-only',
  database: 'docs/runbook.md#the-database-is-damaged',
  lost: 'docs/runbook.md#promised-spans-are-missing',
  archive: 'docs/runbook.md#the-archive-is-damaged',
  rules: 'docs/runbook.md#a-rule-file-cannot-be-read',
  broken: 'docs/runbook.md#a-rule-does-not-compile',
  notify: 'docs/runbook.md#the-file-of-receivers-has-problems',
  receivers: 'docs/runbook.md#a-receiver-refuses-notifications',
  webhooks: 'docs/runbook.md#a-webhook-refuses-signals',
  clock: 'docs/runbook.md#the-clock-was-stepped',
  senders: 'docs/runbook.md#a-sender-is-refused',
  connections: 'docs/runbook.md#connections-are-refused',
} as const
