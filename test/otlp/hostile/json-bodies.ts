import { REQUEST_LIMITS } from '../../../shared/otlp/limits.ts'
import { type MakeBody, tiled } from './tiled.ts'

const TRACE_ID = '5b8efff798038103d269b633813fc60c'
const SPAN_ID = 'eee19b7ec3c1b174'
/** Room for the values around those that are repeated. */
const MOST_VALUES = REQUEST_LIMITS.maxRequestValues - 100
const NO_LIMIT = Number.POSITIVE_INFINITY

const inSpans = (spans: string) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}]}]}`
const inSpan = (fields: string) => inSpans(`{"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}",${fields}}`)
const inValue = (value: string) => inSpan(`"attributes":[{"key":"k","value":${value}}]`)

/** Bodies of OTLP/JSON by name. */
export function hostileJson(): readonly (readonly [name: string, make: MakeBody])[] {
  const list = inValue('{"arrayValue":{"values":[%]}}')
  const attributes = inSpan('"attributes":[%]')
  const deepList = `${'['.repeat(290)}${']'.repeat(290)}`
  const deepValue = `{"value":${'{"arrayValue":{"values":['.repeat(63)}{}${']}}'.repeat(63)}}`
  return [
    ['more empty resources than a request may have', filled('{"resourceSpans":[%]}', '{}', NO_LIMIT)],
    ['the same beside a long integer', filled('{"x":1234567890123456,"resourceSpans":[%]}', '{}', NO_LIMIT)],
    ['empty resources', filled('{"resourceSpans":[%]}', '{}', MOST_VALUES)],
    ['spans without ids', filled(inSpans('%'), '{}', REQUEST_LIMITS.maxRequestSpans)],
    ['a trace a span', filled(inSpans('%'), spanOf, REQUEST_LIMITS.maxRequestTraces)],
    ['a wrong span before all others', filled(inSpans('1,%'), spanOf(1), MOST_VALUES / 3)],
    ['integers in a field that OTLP does not have', filled('{"x":[%]}', '0', MOST_VALUES)],
    ['lists nested 290 deep in such a field', filled('{"x":[%]}', deepList, MOST_VALUES / 290)],
    ['long integers', filled(list, '{"intValue":9007199254740993}', MOST_VALUES / 2)],
    ['keys that OTLP does not have', filled(inSpan('%'), (index) => `"-${index.toString(36)}":0`, MOST_VALUES)],
    ['one key again and again', filled(inSpan('%'), '"name":""', MOST_VALUES)],
    ['kinds of one value again and again', filled(inValue('{%}'), '"intValue":1,"stringValue":""', MOST_VALUES / 2)],
    ['values of two kinds', filled(list, '{"intValue":1,"boolValue":true}', MOST_VALUES / 3)],
    ['values nested 64 deep', filled(attributes, deepValue, MOST_VALUES / 191)],
    ['small attributes', filled(attributes, '{"key":"k","value":{"intValue":"1"}}', MOST_VALUES / 4)],
    ['doubles', filled(attributes, '{"value":{"doubleValue":1.7976931348623157e308}}', MOST_VALUES / 3)],
    ['one integer', filled(inValue('{"intValue":%}'), '7', NO_LIMIT, '')],
    ['one double', filled(inValue('{"doubleValue":1.%}'), '7', NO_LIMIT, '')],
    ['one double as text', filled(inValue('{"doubleValue":"%x"}'), '7', NO_LIMIT, '')],
    ['one text', filled(inValue('{"stringValue":"%"}'), 'a', NO_LIMIT, '')],
    ['one text of escapes', filled(inValue('{"stringValue":"%"}'), '\\u0007', NO_LIMIT, '')],
    ['one text of surrogates', filled(inValue('{"stringValue":"%"}'), '\\ud83d\\ude00\\ud83d', NO_LIMIT, '')],
    ['one key of escapes', filled(inSpan('"%":0'), '\\u0061', NO_LIMIT, '')],
    ['one id', filled(inSpans('{"traceId":"%"}'), '0f', NO_LIMIT, '')],
    ['base64', filled(inValue('{"bytesValue":"%"}'), 'AAAA', NO_LIMIT, '')],
    ['base64 of two alphabets', filled(inValue('{"bytesValue":"%"}'), 'A-_A', NO_LIMIT, '')],
    ['white space', filled('{%}', ' \n', NO_LIMIT, '')],
  ]
}

function spanOf(index: number): string {
  return `{"traceId":"${(index + 1).toString(16).padStart(32, '0')}","spanId":"${SPAN_ID}"}`
}

/** The text with its `%` replaced by `piece` again and again, at most `most` times. */
function filled(frame: string, piece: string | ((index: number) => string), most: number, separator = ','): MakeBody {
  const [before = '', after = ''] = frame.split('%')
  return (bytes) => {
    const room = bytes - before.length - after.length + separator.length
    const isSame = typeof piece === 'string'
    const count = Math.floor(most)
    const middle = isSame
      ? tiled(room, Buffer.from(piece + separator), count)
      : listed(room, (index) => piece(index) + separator, count)
    const pieces = middle.subarray(0, middle.length - separator.length)
    return Buffer.concat([Buffer.from(before), pieces, Buffer.from(after)])
  }
}

function listed(bytes: number, piece: (index: number) => string, most: number): Buffer {
  const out = Buffer.alloc(bytes)
  let end = 0
  for (let index = 0; index < most; index++) {
    const text = piece(index)
    if (end + text.length > bytes) break
    end += out.write(text, end, 'latin1')
  }
  return out.subarray(0, end)
}
