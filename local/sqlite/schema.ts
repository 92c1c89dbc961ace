/** Kept in `user_version`: a file of another format is refused, never guessed at. */
export const SCHEMA_VERSION = 8

/**
 * Stands on a page that every write changes which somebody was promised, and that no other write changes: it tells in
 * the write-ahead log which transactions a loss of power may undo.
 */
export const PROMISE_MARK = 'betrace: all that was written before this was promised'

/** The version from which on promises are marked. */
export const MARKS_PROMISES = 4

/**
 * What each version adds to the one before, from the first. Times are milliseconds since 1970; `verdict`, `pending`,
 * `timer`, `event`, `evidence`, `signals`, `samples`, `header`, `head`, `row` and `mute` hold JSON; `bytes` is the size of what is packed, 0 where it was not noted.
 * `flow` is the number of a sender's queue of timers (`Senders`), 0 where nobody sent it.
 */
export const SCHEMA: readonly string[] = [
  `
CREATE TABLE chunks (
  trace_id TEXT NOT NULL,
  key TEXT NOT NULL,
  arrived_ms INTEGER NOT NULL,
  span_count INTEGER NOT NULL,
  packed BLOB NOT NULL,
  UNIQUE (trace_id, key)
);
CREATE INDEX chunks_by_arrival ON chunks (arrived_ms);

CREATE TABLE markers (
  trace_id TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  lease_token TEXT,
  lease_until_ms INTEGER,
  verdict TEXT NOT NULL,
  pending TEXT NOT NULL,
  written_ms INTEGER NOT NULL
);
CREATE INDEX markers_by_age ON markers (written_ms);

CREATE TABLE timers (
  id INTEGER PRIMARY KEY,
  visible_ms INTEGER NOT NULL,
  timer TEXT NOT NULL
);
CREATE INDEX timers_by_time ON timers (visible_ms);

CREATE TABLE buried_timers (
  id INTEGER PRIMARY KEY,
  buried_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  timer TEXT NOT NULL
);

CREATE TABLE signals (
  event_id TEXT PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  shadow INTEGER NOT NULL,
  event TEXT NOT NULL
);
CREATE INDEX signals_by_time ON signals (time_ms);
CREATE INDEX signals_by_rule ON signals (rule, time_ms);
CREATE INDEX signals_by_trace ON signals (trace_id);

CREATE TABLE storms (
  rule TEXT NOT NULL,
  window_start_ms INTEGER NOT NULL,
  armed INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  samples TEXT NOT NULL,
  PRIMARY KEY (rule, window_start_ms)
);
CREATE TABLE storm_signals (
  rule TEXT NOT NULL,
  window_start_ms INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (rule, window_start_ms, event_id)
) WITHOUT ROWID;

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  webhook TEXT NOT NULL,
  event_id TEXT NOT NULL,
  queued_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failure TEXT,
  failed INTEGER NOT NULL,
  event TEXT NOT NULL,
  UNIQUE (webhook, event_id)
);
CREATE INDEX deliveries_by_time ON deliveries (webhook, failed, due_ms);

CREATE TABLE touched (id INTEGER PRIMARY KEY, times INTEGER NOT NULL);
`,
  `
CREATE TABLE experiment_events (
  experiment TEXT NOT NULL,
  key TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (experiment, key)
);
CREATE INDEX experiment_events_by_time ON experiment_events (at_ms);

CREATE TABLE experiment_verdicts (
  experiment TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL,
  basis TEXT NOT NULL,
  published INTEGER NOT NULL,
  verdict TEXT NOT NULL
);

CREATE TABLE experiment_late (experiment TEXT PRIMARY KEY, late_ms INTEGER NOT NULL);
`,
  `
ALTER TABLE signals ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
CREATE INDEX signals_to_archive ON signals (time_ms) WHERE archived = 0;
`,
  `
ALTER TABLE chunks ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

ALTER TABLE storms ADD COLUMN count INTEGER NOT NULL DEFAULT 0;
INSERT INTO storms (rule, window_start_ms, armed, sent, samples, count)
  SELECT rule, window_start_ms, 0, 0, '[]', count(*) FROM storm_signals WHERE true GROUP BY rule, window_start_ms
  ON CONFLICT DO UPDATE SET count = excluded.count;

CREATE TABLE unarchived (
  id INTEGER PRIMARY KEY,
  trace_id TEXT NOT NULL,
  header TEXT NOT NULL,
  packed BLOB NOT NULL
);
ALTER TABLE signals ADD COLUMN lined INTEGER NOT NULL DEFAULT 1;
CREATE INDEX signals_to_line ON signals (event_id) WHERE lined = 0;

CREATE TABLE promises (id INTEGER PRIMARY KEY, mark TEXT NOT NULL, kept INTEGER NOT NULL);
INSERT INTO promises (id, mark, kept) VALUES (1, '${PROMISE_MARK}', 0);
`,
  `
ALTER TABLE timers ADD COLUMN flow INTEGER NOT NULL DEFAULT 0;
DROP INDEX timers_by_time;
CREATE INDEX timers_by_flow ON timers (flow, visible_ms);
`,
  `
ALTER TABLE promises ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE promises ADD COLUMN spans INTEGER NOT NULL DEFAULT 0;
`,
  `
CREATE TABLE pending_signals (trace_id TEXT PRIMARY KEY, signals TEXT NOT NULL);

CREATE TABLE signal_evidence (event_id TEXT PRIMARY KEY, sample INTEGER NOT NULL, evidence TEXT NOT NULL);
CREATE TRIGGER signals_removed AFTER DELETE ON signals
  BEGIN DELETE FROM signal_evidence WHERE event_id = OLD.event_id; END;

CREATE TABLE signal_counts (
  hour_ms INTEGER NOT NULL,
  rule TEXT NOT NULL,
  status TEXT NOT NULL,
  shadow INTEGER NOT NULL,
  count INTEGER NOT NULL,
  UNIQUE (hour_ms, rule, status, shadow)
);
`,
  `
DROP TABLE storm_signals;
DROP TABLE storms;
DELETE FROM timers WHERE json_extract(timer, '$.kind') = 'storm';
DELETE FROM buried_timers WHERE json_extract(timer, '$.kind') = 'storm';

CREATE TABLE incidents (
  key TEXT PRIMARY KEY,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  dispatched INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  look_ms INTEGER,
  first_trace_id TEXT NOT NULL,
  head TEXT NOT NULL
);
CREATE INDEX incidents_by_rule ON incidents (rule) WHERE state = 'open';
CREATE INDEX incidents_by_trace ON incidents (first_trace_id) WHERE state = 'open';
CREATE INDEX incidents_to_look_at ON incidents (look_ms) WHERE look_ms IS NOT NULL;
CREATE INDEX incidents_to_dispatch ON incidents (changed_ms) WHERE dispatched < version;

CREATE TABLE incident_members (
  key TEXT NOT NULL,
  fired_ms INTEGER NOT NULL,
  signal_id TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  service TEXT NOT NULL,
  retracted INTEGER NOT NULL,
  PRIMARY KEY (key, fired_ms, signal_id)
);
CREATE INDEX incident_members_by_time ON incident_members (fired_ms);

CREATE TABLE incident_deliveries (
  key TEXT NOT NULL,
  episode INTEGER NOT NULL,
  receiver TEXT NOT NULL,
  notified TEXT NOT NULL,
  due_ms INTEGER,
  notified_ms INTEGER,
  failing INTEGER NOT NULL,
  flooded INTEGER NOT NULL,
  row TEXT NOT NULL,
  PRIMARY KEY (key, episode, receiver)
);
CREATE INDEX incident_deliveries_by_time ON incident_deliveries (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX incident_deliveries_failing ON incident_deliveries (receiver) WHERE failing > 0;
CREATE INDEX incident_deliveries_flooded ON incident_deliveries
  (receiver, json_extract(row, '$.notifiedSeverity'), json_extract(row, '$.notifiedAtMs')) WHERE flooded = 1;
CREATE INDEX incident_deliveries_flood_open ON incident_deliveries (receiver, json_extract(row, '$.notifiedAtMs'))
  WHERE flooded = 1 AND notified = 'open';
CREATE INDEX incident_deliveries_notified ON incident_deliveries (receiver, notified_ms) WHERE notified_ms IS NOT NULL;

CREATE TABLE rule_exercise (
  rule TEXT NOT NULL,
  minute_ms INTEGER NOT NULL,
  exercised INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (rule, minute_ms)
);

CREATE TABLE incident_mutes (
  id TEXT PRIMARY KEY,
  until_ms INTEGER NOT NULL,
  made_ms INTEGER NOT NULL,
  mute TEXT NOT NULL
);
`,
]
