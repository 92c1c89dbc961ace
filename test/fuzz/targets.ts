import { events } from './events.ts'
import { exits } from './exits.ts'
import { exported } from './exported.ts'
import { files } from './files.ts'
import { http } from './http.ts'
import { notify } from './notify.ts'
import { otlpJson } from './otlp-json.ts'
import { otlpProtobuf } from './otlp-protobuf.ts'
import { parquet } from './parquet.ts'
import { receiver } from './receiver.ts'
import { regexes } from './regexes.ts'
import { grammar, packs, ruleTests } from './rules.ts'
import type { Target } from './target.ts'

export const TARGETS: readonly Target[] = [
  grammar,
  packs,
  ruleTests,
  regexes,
  otlpProtobuf,
  otlpJson,
  http,
  parquet,
  events,
  receiver,
  notify,
  files,
  exported,
  exits,
]
