/** For each threat of docs/security.md, by its heading and its words: the tests that show its control. */
export const SHOWN_BY: readonly {
  readonly hop: string
  readonly threat: string
  readonly tests: readonly (readonly [file: string, title: string])[]
}[] = [
  {
    hop: 'Client to gateway',
    threat: 'Somebody without a key sends spans, or asks or commands experiments',
    tests: [
      [
        'test/infra/gateway.test.ts',
        'lets nobody in without the authorizer, which sees every request whatever headers it has',
      ],
      ['test/lambdas/authorizer.test.ts', 'with $what passes: $passes'],
      ['test/cli/stack/doctor.test.ts', 'says that the gateway lets anyone in'],
    ],
  },
  {
    hop: 'Client to gateway',
    threat: 'Spans and keys are read on their way',
    tests: [
      [
        'test/infra/gateway.test.ts',
        'gives every answer of its own the headers that those of the functions have, and 401 the scheme',
      ],
      ['test/lambdas/ingest.test.ts', 'is answered in its own media type, once its chunks are stored in one write'],
    ],
  },
  {
    hop: 'Client to gateway',
    threat: 'An answer is kept by a proxy, or taken for a page by a browser',
    tests: [
      [
        'test/infra/gateway.test.ts',
        'gives every answer of its own the headers that those of the functions have, and 401 the scheme',
      ],
      [
        'test/local/server/hostile-requests.test.ts',
        'of %i to %s is kept by nobody, taken for nothing else, and tells nothing of what sent it',
      ],
    ],
  },
  {
    hop: 'Client to gateway',
    threat: 'A page of another origin acts with what a browser holds',
    tests: [
      ['test/infra/gateway.test.ts', 'let browsers of the named origins ask without a key, and nobody else'],
      ['test/infra/gateway.test.ts', 'let pages of the named origins read errors, never with credentials'],
    ],
  },
  {
    hop: 'Client to gateway',
    threat: 'One client floods the stack',
    tests: [
      ['test/infra/gateway.test.ts', 'limits the rate and logs neither bodies nor addresses'],
      ['test/infra/gateway.test.ts', 'put a firewall before the gateway, and a limit of requests'],
      ['test/infra/gateway.test.ts', 'set a budget that warns the pager'],
    ],
  },
  {
    hop: 'Client to gateway',
    threat: 'A client denies what it sent',
    tests: [['test/infra/gateway.test.ts', 'limits the rate and logs neither bodies nor addresses']],
  },
  {
    hop: 'Client to gateway',
    threat: "Who may edit the API calls functions past the authorizer, by the console's test",
    tests: [
      ['test/infra/stack.test.ts', 'are those that were looked at: a change is accepted with npm run permissions'],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'A key is guessed by how long the answer takes',
    tests: [
      [
        'test/aws/keys/api-keys.test.ts',
        'is compared in constant time with every known one, whichever it is and however long',
      ],
      [
        'test/local/server/api-keys.test.ts',
        'a key is compared in constant time with every key, whichever is the right one',
      ],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'The digest from the secret, part of a key, or a key in other dress passes for it',
    tests: [
      ['test/lambdas/authorizer.test.ts', 'with $what passes: $passes'],
      ['test/local/server/api-keys.test.ts', 'a server with keys: $what passes: $passes'],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'Headers that stand twice, or disagree, mean one thing here and another at a proxy',
    tests: [
      ['test/lambdas/authorizer.test.ts', 'with $what passes: $passes'],
      ['test/local/server/api-keys.test.ts', 'a server with keys: $what passes: $passes'],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'A key that was revoked stays valid',
    tests: [
      [
        'test/lambdas/authorizer.test.ts',
        'that was revoked is good for the minute in which functions remember it, and then no more',
      ],
      ['test/lambdas/authorizer.test.ts', '%s later, keys known by then stay good for 15 minutes, no other becomes so'],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'A store of keys that fails, is throttled or damaged lets somebody in',
    tests: [
      [
        'test/lambdas/authorizer.test.ts',
        '%s, nobody passes, and a client is asked to send again, not told that its key is wrong',
      ],
      ['test/infra/gateway.test.ts', 'answers 503 where a client may try again, so that SDKs keep their spans'],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'One permission is used for more than it was asked for',
    tests: [
      [
        'test/lambdas/authorizer.test.ts',
        'passes under the name of its key, for the method that it asks for and no other',
      ],
      [
        'test/infra/gateway.test.ts',
        'lets nobody in without the authorizer, which sees every request whatever headers it has',
      ],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'A key of one environment opens another',
    tests: [
      ['test/lambdas/authorizer.test.ts', 'of another stack is refused, and so is every key of a stack without keys'],
      ['test/infra/stack.test.ts', 'are those that were looked at: a change is accepted with npm run permissions'],
    ],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'A long list of keys makes each request slow',
    tests: [['test/lambdas/authorizer.test.ts', 'is found among thousands, and a wrong one is not']],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'Two people change keys at once and one change is lost',
    tests: [['test/cli/stack/keys.test.ts', 'undoes nobody who changes keys at the same time']],
  },
  {
    hop: 'Authorizer and keys',
    threat: 'Keys are found in a log',
    tests: [
      ['test/lambdas/logs.test.ts', 'whether the keys are %s'],
      ['test/aws/keys/api-keys.test.ts', 'that is damaged is reported without a word of its content'],
    ],
  },
  {
    hop: 'Body of a request',
    threat: 'A small body becomes a large one',
    tests: [
      ['test/otlp/decompress.test.ts', 'a bomb takes no more memory than the limit'],
      [
        'test/otlp/decompress.test.ts',
        'a zstd window over 8 MB is refused, so that no sender chooses how much memory we take',
      ],
      [
        'test/pipeline/ingest.test.ts',
        'a body is accepted at the limit and refused with 413 one byte over it, packed or not',
      ],
    ],
  },
  {
    hop: 'Body of a request',
    threat: 'Nesting exhausts the stack',
    tests: [
      ['test/otlp/json.test.ts', 'values nested 64 deep are read, 65 deep are refused'],
      ['test/otlp/json.test.ts', 'brackets nested without end are refused before they are parsed'],
    ],
  },
  {
    hop: 'Body of a request',
    threat: 'Millions of values, keys or empty messages in a small body take all memory, or the process for seconds',
    tests: [
      ['test/otlp/json.test.ts', 'a body of nothing but values is refused before it takes memory'],
      [
        'test/otlp/json.test.ts',
        'as many values as the limit are read, one more is refused, also where OTLP has no such field',
      ],
      [
        'test/otlp/split.test.ts',
        'spans as the limit is split, of one more it is refused, those that would be rejected counted too',
      ],
      ['test/otlp/split.test.ts', 'traces as the limit is split, of one more it is refused'],
      [
        'test/lambdas/ingest.test.ts',
        'because it has more values than a request may have is refused before they take memory',
      ],
      ['test/otlp/hostile/bodies.test.ts', 'is read, or refused with a code, in time'],
      ['test/local/judge-thread.test.ts', 'a trace of 256 KiB is left to the main thread, a larger one is not'],
      [
        'test/local/server/body-thread.test.ts',
        'a thread that dies fails the request it read, and is there again for the next',
      ],
    ],
  },
  {
    hop: 'Body of a request',
    threat: 'A number, text or list of pieces costs more than its length',
    tests: [
      ['test/otlp/json.test.ts', 'an integer of a million digits is refused, and is a double'],
      ['test/otlp/json.test.ts', 'a text of a million digits that is not a number is refused as soon as it is read'],
      [
        'test/otlp/split.test.ts',
        'what many traces share is added up and put together once, however many pieces it comes in',
      ],
    ],
  },
  {
    hop: 'Body of a request',
    threat: 'A little of a body is repeated until memory is full',
    tests: [
      [
        'test/otlp/split.test.ts',
        'a resource that would be repeated beyond the limit is refused before anything is copied',
      ],
    ],
  },
  {
    hop: 'Body of a request',
    threat: 'A body that is cut off, or none, is stored and fails later',
    tests: [['test/lambdas/ingest.test.ts', 'because it is not OTLP is a 400 in its own media type']],
  },
  {
    hop: 'Body of a request',
    threat: 'An error repeats what spans hold',
    tests: [
      ['test/otlp/json.test.ts', 'malformed text is not quoted, for it may be span content'],
      ['test/local/secrets.test.ts', 'a server that refuses a request repeats nothing of it'],
    ],
  },
  {
    hop: 'Body of a request',
    threat: 'A body larger than a function can be given fails where no handler sees it',
    tests: [
      [
        'test/lambdas/authorizer.test.ts',
        'too long for the function behind the gateway is denied, one that just fits is not',
      ],
    ],
  },
  {
    hop: 'Table, stream and queues',
    threat: 'A trace is made to be enormous',
    tests: [
      [
        'test/trace/assemble.test.ts',
        'a trace of as many spans as the limit is whole, of one more it is truncated to the first by start',
      ],
      [
        'test/pipeline/protocol.test.ts',
        'of %s is judged on what is within, truncated and incomplete; the rest is archived',
      ],
    ],
  },
  {
    hop: 'Table, stream and queues',
    threat: 'One hot trace makes writes of others fail',
    tests: [
      [
        'test/pipeline/ingest.test.ts',
        'a trace that stays throttled is refused by partial success, its neighbours are stored',
      ],
    ],
  },
  {
    hop: 'Table, stream and queues',
    threat: 'A trace kills the evaluator again and again',
    tests: [
      [
        'test/lambdas/evaluator.test.ts',
        'that came before was with a function that was killed: it goes into a message of its own, one attempt less',
      ],
      ['test/lambdas/evaluator.test.ts', 'whose function was killed with its last attempt ends among the dead letters'],
    ],
  },
  {
    hop: 'Table, stream and queues',
    threat: 'Stored bytes are damaged, or packed to be huge',
    tests: [
      [
        'test/pipeline/chunk-codec.test.ts',
        'is refused as corrupt when a bit is turned, when it is cut short, or when it was packed with another list',
      ],
      ['test/pipeline/chunk-codec.test.ts', 'that would inflate past the limit is refused, at the limit it is read'],
    ],
  },
  {
    hop: 'Table, stream and queues',
    threat: 'Somebody else writes to a queue or topic',
    tests: [
      ['test/infra/stack.test.ts', 'is encrypted, asked for by TLS only, and not public'],
      ['test/infra/stack.test.ts', 'are given to services alone, and to each for this account alone'],
    ],
  },
  {
    hop: 'Table, stream and queues',
    threat: 'Data is read at rest',
    tests: [
      ['test/infra/stack.test.ts', 'is encrypted, asked for by TLS only, and not public'],
      ['test/infra/gateway.test.ts', 'encrypt everything under a key of the account'],
    ],
  },
  {
    hop: 'Table, stream and queues',
    threat: 'A span is taken and never judged',
    tests: [['test/lambdas/faults.test.ts', 'when any one call to AWS is lost']],
  },
  {
    hop: 'Rules bucket and the text of rules',
    threat: 'A pattern takes for ever (ReDoS)',
    tests: [
      [
        'test/rules/compile/regex.test.ts',
        'no accepted pattern stalls on a hostile text of 4 KB, nor does refusing one',
      ],
      ['test/rules/compile/regex.test.ts', 'the limits hold at their value and not one beyond'],
    ],
  },
  {
    hop: 'Rules bucket and the text of rules',
    threat: 'A rule compares spans without end',
    tests: [['test/rules/binding/judge.test.ts', 'a rule that asks pair by pair is given up after 10 million steps']],
  },
  {
    hop: 'Rules bucket and the text of rules',
    threat: 'A rule set is huge, or nested without end',
    tests: [
      ['test/rules/read/rule-file.test.ts', 'a rule of 64 KiB is read, one byte more is not'],
      ['test/rules/read/rule-file.test.ts', 'a set of 10,000 rules is read, of one more all but the last'],
      ['test/rules/read/parse.test.ts', 'goes 64 levels deep and no deeper: %s'],
      ['test/rules/read/parse.test.ts', 'does not overflow on 60 KB of %s'],
      ['test/aws/rules/s3-rule-source.test.ts', 'larger than what a function may load is refused with what to do'],
    ],
  },
  {
    hop: 'Rules bucket and the text of rules',
    threat: 'A bad rule silences the others, or a set is mixed of two pushes',
    tests: [
      ['test/rules/check/check.test.ts', 'a rule with a problem never stops the rules beside it'],
      ['test/aws/rules/rule-push.test.ts', 'a push that is overtaken begins again with what the other put in force'],
    ],
  },
  {
    hop: 'Rules bucket and the text of rules',
    threat: 'An object of a set is replaced',
    tests: [['test/aws/rules/s3-rule-source.test.ts', 'are refused when they are not what was written']],
  },
  {
    hop: 'Rules bucket and the text of rules',
    threat: 'Files are planted with who pulls rules',
    tests: [['test/cli/stack/rules.test.ts', 'writes no file outside its folder']],
  },
  {
    hop: 'Evaluator',
    threat: 'A function does more than its task',
    tests: [
      ['test/infra/stack.test.ts', 'may call nothing that its code does not'],
      ['test/infra/stack.test.ts', 'may call all that its code does, but for calls that it shares a module with'],
      ['test/infra/stack.test.ts', 'are those that were looked at: a change is accepted with npm run permissions'],
      ['test/infra/stack.test.ts', 'name every action, and every resource but for those that have a reason'],
      ['test/infra/stack.test.ts', 'that cdk-nag finds is fixed, or has a reason'],
    ],
  },
  {
    hop: 'Evaluator',
    threat: 'Spans leak through logs, metrics or errors that Lambda writes',
    tests: [
      ['test/lambdas/logs.test.ts', 'when all is well: judged, late, retracted, rescued'],
      ['test/lambdas/logs.test.ts', 'when AWS fails at any call'],
      ['test/lambdas/logs.test.ts', 'when stored chunks cannot be read, or are not a trace'],
      ['test/infra/stack.test.ts', 'runs on Node 24 and ARM, keeps its log for a month, is not traced'],
    ],
  },
  {
    hop: 'Evaluator',
    threat: 'Functions call each other without end',
    tests: [
      [
        'test/infra/stack.test.ts',
        'is stopped by Lambda when it invokes itself without end, but for the evaluator, which re-arms its timers',
      ],
    ],
  },
  {
    hop: 'Signals, pagers and terminals',
    threat:
      'Text of strangers rewrites a screen, reorders a line, hides in a name, forges a log line, or commands a CI runner: spans, rule files and their names, answers of servers, errors',
    tests: [
      ['test/text/visible.test.ts', 'shows every forbidden character as the escape that JSON reads'],
      ['test/text/visible.test.ts', 'do not begin as a command: %j'],
      [
        'test/cli/terminal.test.ts',
        'a guarded screen shows no control or invisible character, and no line that is a command to CI',
      ],
      ['test/text/exits/exits.test.ts', '%s shows nothing that it must not'],
      ['test/text/exits/exits.test.ts', 'every command and format is among them'],
      ['test/text/exits/exits.test.ts', 'every sink is among them, and the text of signals'],
      ['test/text/exits/exits.test.ts', 'every page of a server is among them'],
      ['test/text/exits/functions.test.ts', '%s logs, throws and answers nothing that it must not'],
      ['test/text/exits/functions.test.ts', 'every function is fed'],
      ['test/text/writers.test.ts', 'nothing but the exits writes to the streams of the process'],
      ['test/text/signal-text.test.ts', 'cannot rewrite the screen, whatever the spans hold'],
      ['test/cli/waterfall/draw.test.ts', 'long names, wide letters and control characters keep the columns'],
    ],
  },
  {
    hop: 'Signals, pagers and terminals',
    threat: 'Text of strangers becomes a link, a mention or HTML in a comment on a pull request',
    tests: [['test/cli/experiments/verdict-report.test.ts', 'does not make %s of a value']],
  },
  {
    hop: 'Signals, pagers and terminals',
    threat: 'Spans break the XML or JSON of who subscribes',
    tests: [
      [
        'test/aws/signals/sns-publisher.test.ts',
        'whose service has no name, or one that XML cannot carry, is still sent',
      ],
    ],
  },
  {
    hop: 'Signals, pagers and terminals',
    threat: 'Somebody sets off pages without end',
    tests: [['test/pipeline/protocol.test.ts', 'are stored, part of their incident, counted, and not published']],
  },
  {
    hop: 'Signals, pagers and terminals',
    threat: 'Evidence is made too large to be sent',
    tests: [
      [
        'test/rules/evidence/evidence.test.ts',
        'evidence stays within its size whatever the trace, counts stay exact, and it says that it was cut',
      ],
      ['test/aws/signals/sns-publisher.test.ts', 'too large for a message goes without what makes it large'],
    ],
  },
  {
    hop: 'Archive and Athena',
    threat: 'Who may query sees what spans hold',
    tests: [['test/infra/catalog.test.ts', 'is asked within a limit, and answers are encrypted and forgotten']],
  },
  {
    hop: 'Archive and Athena',
    threat: 'A query costs a fortune',
    tests: [['test/infra/catalog.test.ts', 'is asked within a limit, and answers are encrypted and forgotten']],
  },
  {
    hop: 'Archive and Athena',
    threat: 'A file is damaged, or made to be',
    tests: [
      [
        'test/replay/damage.test.ts',
        'never stops a replay, wherever bytes are wrong and however long lengths claim to be',
      ],
    ],
  },
  {
    hop: 'Archive and Athena',
    threat: "Somebody's data is to be gone",
    tests: [
      [
        'test/cli/stack/forget.test.ts',
        'betrace forget --stack removes a trace from archive, signals, table and reports, and leaves the others',
      ],
      [
        'test/local/forget.test.ts',
        'a forgotten trace leaves the database too: its chunks, its signals, and their bytes',
      ],
    ],
  },
  {
    hop: 'Archive and Athena',
    threat: 'Data is lost by `cdk destroy`',
    tests: [['test/infra/stack.test.ts', 'that holds data survives the stack']],
  },
  {
    hop: 'Replay',
    threat: 'A replay is asked for without end, or with rules made to exhaust it',
    tests: [['test/lambdas/replay.test.ts', 'a request that makes no sense is refused before anything is read:']],
  },
  {
    hop: 'Replay',
    threat: 'A replay pages people for what is long past',
    tests: [
      [
        'test/lambdas/replay.test.ts',
        'sends its violations where it is asked to, marked as replayed, with ids of their run',
      ],
      ['test/infra/gateway.test.ts', 'page whoever is named: of alarms, and of critical and high signals'],
    ],
  },
  {
    hop: 'Replay',
    threat: 'Invoking the replay function reads spans that its caller may not',
    tests: [
      ['test/infra/stack.test.ts', 'are those that were looked at: a change is accepted with npm run permissions'],
    ],
  },
  {
    hop: 'Replay',
    threat: 'Logs of a replay hold spans or the rules that came with it',
    tests: [
      ['test/lambdas/logs.test.ts', 'when it judges, is refused, or meets an object that is damaged'],
      ['test/lambdas/logs.test.ts', 'when its steps work, meet a damaged object, or lose calls to AWS'],
    ],
  },
  {
    hop: 'Experiments, stop conditions and webhooks',
    threat: 'Somebody opens or ends experiments, or asks what fires, without a key',
    tests: [
      [
        'test/infra/gateway.test.ts',
        'lets nobody in without the authorizer, which sees every request whatever headers it has',
      ],
      [
        'test/local/experiments.test.ts',
        'with keys, everything below /v1 asks for one, and health checks and metrics do not',
      ],
    ],
  },
  {
    hop: 'Experiments, stop conditions and webhooks',
    threat: 'A webhook is replayed, forged in part, or comes in another order',
    tests: [
      [
        'test/pipeline/experiment.test.ts',
        'follows from what was said, in whatever order and however often it was received',
      ],
    ],
  },
  {
    hop: 'Experiments, stop conditions and webhooks',
    threat: 'Events flood the store',
    tests: [['test/local/experiments.test.ts', 'takes a body of 64 KB and 200 events of an experiment, and no more']],
  },
  {
    hop: 'Experiments, stop conditions and webhooks',
    threat: 'A verdict over a huge window eats the function',
    tests: [
      ['test/pipeline/experiment.test.ts', 'without an end it is given up after the longest time'],
      ['test/lambdas/experiments.test.ts', 'is worked out by one function at a time'],
      ['test/cli/stack/verify.test.ts', '30 days of it are refused with an estimate'],
    ],
  },
  {
    hop: 'Experiments, stop conditions and webhooks',
    threat: 'Logs contain posted content, or keys',
    tests: [['test/lambdas/logs.test.ts', 'when experiments are reported, badly too, judged, and their store fails']],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'A web page that somebody has open drives the server on their machine',
    tests: [
      ['test/local/server/web-pages.test.ts', 'stores no spans with any type, wherever it comes from'],
      ['test/local/server/web-pages.test.ts', 'opens no experiment and reads none, nor what fires'],
      ['test/local/server/web-pages.test.ts', 'stores nothing with %s, for which a browser does not ask first'],
      ['test/local/server/web-pages.test.ts', 'is not allowed by its browser’s question'],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'A page does so by a name that is pointed at this machine (DNS rebinding)',
    tests: [
      ['test/local/server/web-pages.test.ts', '(%s) is answered nothing by a server without keys'],
      ['test/local/server/web-pages.test.ts', 'a program that calls this machine %s is heard'],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'A request is hidden in another, by a length and chunks that disagree',
    tests: [
      [
        'test/local/server/hostile-requests.test.ts',
        '(%s) is refused and its connection closed, so that nothing hidden in it is read',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'Connections are held open, headers are endless, bodies pile up',
    tests: [
      ['test/local/server/http.test.ts', 'a client that sends too slowly is cut off'],
      [
        'test/local/server/http.test.ts',
        'bodies that do not fit beside those under way are answered with 503 and Retry-After',
      ],
      ['test/local/server/hostile-requests.test.ts', 'headers beyond 16 KB are refused with 431'],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'Idle connections, or headers and bodies that drip, take all places',
    tests: [
      ['test/local/server/connections.test.ts', 'closes those that %s, the oldest first, and serves new ones'],
      ['test/local/server/connections.test.ts', 'closes the idle one whose last request is longest ago'],
      [
        'test/local/server/connections.test.ts',
        'closes one whose body comes too slowly, and none whose body comes well',
      ],
      ['test/local/server/connections.test.ts', 'is answered 503, and others are served'],
      [
        'test/local/server/connections.test.ts',
        'a client that does not finish its headers, or does not begin them, is cut off and counted',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'Nobody sees whether a server whose connections are all busy still works',
    tests: [
      [
        'test/local/server/connections.test.ts',
        'answers 503 with Retry-After while all are busy, closes, and serves again when one has ended',
      ],
      ['test/local/server/connections.test.ts', 'shows its health, however many others wait without a place'],
      [
        'test/local/server/connection-metrics.test.ts',
        'connections are counted by what they do, and those refused by reason, from the start',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'Thousands of requests are sent on one connection and no answer is read',
    tests: [
      ['test/local/server/connections.test.ts', 'are served one after the other, and answered in the order of arrival'],
      [
        'test/local/server/connections.test.ts',
        'beyond 16 waiting have their connection cut off, before many are served',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'Open files run out',
    tests: [
      [
        'test/local/server/open-files.test.ts',
        'where it allows %i, a server takes %i and says at the start what to do',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'HTTP/2 or TLS on the port costs more than HTTP/1.1',
    tests: [
      ['test/local/server/client-errors.test.ts', 'as gRPC (%s) is shown what to set as the message of its error'],
      ['test/local/server/client-errors.test.ts', 'and %s is cut off'],
      ['test/local/server/client-errors.test.ts', 'and sends no request is cut off with the time for headers'],
      [
        'test/local/server/client-errors.test.ts',
        'gets an answer in plain HTTP, is counted, and logged with what to do',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'One client sends many traces, and others are refused or judged late',
    tests: [
      [
        'test/local/fairness/flood.test.ts',
        'neither blocks, nor gets refused, nor delays another, and is itself asked to come back later',
      ],
      [
        'test/local/fairness/fair-order.test.ts',
        'each other sender goes at most once before the next piece of a small sender, whatever they queue',
      ],
      ['test/local/fairness/senders.test.ts', 'may have traces waiting up to the limit, whatever the others have'],
      ['test/local/sqlite/sqlite-buffer.test.ts', 'is stored slice by slice, and others write in between'],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'A path spelt otherwise, or a method, gets around the keys',
    tests: [
      ['test/local/server/api-keys.test.ts', 'a path spelt otherwise does not get around the keys'],
      [
        'test/local/server/api-keys.test.ts',
        'no method gets past the keys but the preflight of a browser, which learns nothing',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'Keys, webhook addresses and headers, or spans, are found in logs, `/metrics`, `/healthz` or errors',
    tests: [
      [
        'test/local/secrets.test.ts',
        'a server shows span content in signals alone, and its keys and webhooks in nothing',
      ],
      ['test/local/secrets.test.ts', 'a webhook that %s is named by its host alone'],
      ['test/local/secrets.test.ts', 'a webhook that cannot be reached is named by its host alone'],
      [
        'test/local/secrets.test.ts',
        'a server that cannot store, archive or read its rules tells nothing of what it holds',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'Other users of the machine read the data folder',
    tests: [
      [
        'test/local/files/make-folder.test.ts',
        'a folder is private where it is to be, those above it and those that are there are left as they are',
      ],
      ['test/cli/serve.test.ts', 'the environment holds several keys, so that the list of processes need not show one'],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'The disk is filled',
    tests: [
      [
        'test/local/sqlite/database.test.ts',
        'a full database refuses what does not fit with a hint, and takes more once there is room',
      ],
      [
        'test/local/maintenance/room.test.ts',
        'lets go of judged spans, oldest first, says what fills it, and judges all that comes',
      ],
      [
        'test/local/maintenance/room.test.ts',
        'with spans that wait refuses more of them alone, and takes them again once these are judged',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'A rule that fires on every trace fills the database with its signals',
    tests: [
      ['test/local/maintenance/room.test.ts', 'is counted, leaves samples, and fills no database'],
      [
        'test/local/maintenance/room.test.ts',
        'with signals of a live rule keeps the newest, names the rule, and judges all that comes',
      ],
      ['test/local/maintenance/room.test.ts', 'with signals of an earlier version goes on, though it is at its bound'],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat:
      'A folder of rules that cannot be read, or holds something that is not a file, takes rules out of force or stops reloading',
    tests: [
      [
        'test/local/rules/rules-watcher.test.ts',
        'stay in force while their file cannot be read, and others are loaded meanwhile',
      ],
      [
        'test/local/server/health.test.ts',
        'is degraded while rules cannot be read, and says which file and what to do',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'A pipe or a device in place of the database, a journal or an archive object',
    tests: [
      ['test/cli/hostile-files.test.ts', 'with a pipe for its %s is refused'],
      [
        'test/cli/hostile-files.test.ts',
        'with a pipe, a device or a link out of it in its archive is replayed without them, and they are named',
      ],
      [
        'test/cli/hostile-files.test.ts',
        'with a pipe for a journal is not forgotten from, nor read by a verdict, and it is named',
      ],
    ],
  },
  {
    hop: 'A server on a machine (`serve`)',
    threat: 'The write-ahead log is cut off, deleted or replaced by an older copy, or the database is',
    tests: [
      [
        'test/local/sqlite/kept-promises.test.ts',
        'is noticed wherever it was cut, and what is left and what is missing add up',
      ],
      ['test/local/sqlite/kept-promises.test.ts', 'is noticed where the log is gone, and where the database is'],
      [
        'test/local/sqlite/kept-promises.test.ts',
        'of the log beside a newer database is refused, and recovery takes the database as it is',
      ],
      [
        'test/local/sqlite/kept-promises.test.ts',
        'of the database beside a newer log is refused, and recovery says what may be missing',
      ],
      [
        'test/local/crash/crash.test.ts',
        'what a log lost that was cut off after kill -9 is said to be missing, to the span',
      ],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A key of a receiver is committed with `notify.yaml`, or shown by a problem, a log or `notify test`',
    tests: [
      ['test/incidents/notify/references.test.ts', 'is refused by the setting it is in, however it looks'],
      ['test/incidents/notify/read-notify-file.test.ts', 'without repeating what was given, which may be secret'],
      ['test/cli/notify/check.test.ts', 'shows no secret that is written into it'],
      ['test/cli/notify/test.test.ts', 'shows requests and answers without the values that the file refers to'],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A key leaks from shell history or a list of processes',
    tests: [
      ['test/cli/serve.test.ts', 'the environment holds several keys, so that the list of processes need not show one'],
      ['test/cli/stack/connect.test.ts', 'gives SDKs the endpoint below the stage, and no key unless asked'],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A message or help shows a secret',
    tests: [
      ['test/cli/secrets.test.ts', 'is said without its value: %s'],
      ['test/cli/secrets.test.ts', 'no help shows what the environment holds'],
      ['test/cli/secrets.test.ts', 'a key that is refused, or cannot be brought, is shown by no message'],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A key is shown again after it was made',
    tests: [
      ['test/cli/stack/keys.test.ts', 'adds a key that is printed once and kept as a digest'],
      [
        'test/cli/stack/keys.test.ts',
        'none is shown but by the commands that are to show one, once, on standard output alone',
      ],
      ['test/cli/stack/keys.test.ts', 'an added one is shown by nothing after it was made'],
      ['test/cli/stack/keys.test.ts', 'none is shown where the secret is damaged'],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A server sends a key on to another by a redirect',
    tests: [
      ['test/cli/secrets.test.ts', 'a key is sent to the server that was named, and to none that it points to'],
      ['test/local/secrets.test.ts', 'a webhook that %s is named by its host alone'],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat:
      "A stranger's branch has a build print secrets: links in a folder of rules, or files that tests name, lead out of it",
    tests: [
      ['test/cli/hostile-files.test.ts', '%s (…%s) ends with exit code 2 and names it'],
      ['test/cli/hostile-files.test.ts', 'that names %s as its rules gets an error that says so, and nothing of it'],
      ['test/cli/hostile-files.test.ts', 'that names %s as its trace gets an error that says so'],
      [
        'test/local/files/input-file.test.ts',
        'a link that is put in the place of a file between looking and opening is not followed',
      ],
      [
        'test/local/files/input-file.test.ts',
        'a folder that is swapped for a link between looking and opening is not followed',
      ],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A pipe, a device, an endless or a huge file, a folder of millions holds up a command or a server',
    tests: [
      ['test/local/files/input-file.test.ts', '%s is refused without waiting, named or behind a link'],
      ['test/local/files/input-file.test.ts', 'that claims to be empty is read by what it holds, and refused by that'],
      ['test/local/files/find-files.test.ts', 'a folder is searched up to its limits, and named one beyond'],
      ['test/cli/process.test.ts', '%s while it reads its rules, a pipe among them'],
      ['test/cli/process.test.ts', 'a command that waits for a pipe ends at Ctrl-C'],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A command writes to a file elsewhere, through a link in a folder',
    tests: [
      [
        'test/cli/hostile-files.test.ts',
        'fmt writes through no link that leads out, and through none that was put there meanwhile',
      ],
      [
        'test/local/files/input-file.test.ts',
        'through a link out of the folder is refused, also where nothing is there yet',
      ],
    ],
  },
  {
    hop: 'Command line and its credentials',
    threat: 'A damaged or forged recording of traces exhausts memory, or is read in part without a word',
    tests: [
      ['test/cli/framed-messages.test.ts', 'a message of 128 MiB or more is named, and the next is read'],
      [
        'test/cli/framed-messages.test.ts',
        'zeros without end, as a crash may leave them, are named once and end the reading',
      ],
      ['test/fuzz/fuzz.test.ts', 'random %s holds what is promised'],
    ],
  },
  {
    hop: 'Supply chain',
    threat: 'A package is replaced under its version',
    tests: [
      [
        'test/ci/shipped.test.ts',
        'every package is the one that was looked at, by its hash, on whatever system it is installed',
      ],
      ['test/ci/shipped.test.ts', 'every package comes from the registry, at one exact version'],
      [
        'test/ci/shipped.test.ts',
        'the Node that the install brings is for Linux with glibc, and its absence stops no install',
      ],
    ],
  },
  {
    hop: 'Supply chain',
    threat: 'A package runs code when it is installed',
    tests: [
      [
        'test/ci/shipped.test.ts',
        'no package runs a script when it is installed, and of ours none does where it is used',
      ],
    ],
  },
  {
    hop: 'Supply chain',
    threat: 'A known vulnerability ships',
    tests: [
      ['test/ci/judge-audit.test.ts', 'fails where a package that ships has a vulnerability of level high or critical'],
      [
        'test/ci/judge-audit.test.ts',
        'lists others: lesser ones, and those of development alone, though a package of that name ships',
      ],
      ['test/ci/judge-audit.test.ts', 'proves nothing where the registry does not answer, and says so'],
    ],
  },
  {
    hop: 'Supply chain',
    threat: 'Nobody knows what a release is made of',
    tests: [
      [
        'test/ci/shipped.test.ts',
        'shipped packages have licences that ask for no more than to be named, and run on the Node that is promised',
      ],
      [
        'test/ci/shipped.test.ts',
        'the shipped packages are those that the command needs or that are bundled into functions, with their dependencies',
      ],
    ],
  },
  {
    hop: 'Deploy',
    threat: 'A change widens a permission without anybody noticing',
    tests: [
      ['test/infra/stack.test.ts', 'are those that were looked at: a change is accepted with npm run permissions'],
      [
        'test/infra/gateway.test.ts',
        'widen permissions as was looked at: a change is accepted with npm run permissions',
      ],
    ],
  },
  {
    hop: 'Deploy',
    threat: 'A service acts on this stack for another account (confused deputy)',
    tests: [['test/infra/stack.test.ts', 'are given to services alone, and to each for this account alone']],
  },
  {
    hop: 'Deploy',
    threat: 'A mistyped setting weakens a stack',
    tests: [
      [
        'test/infra/settings.test.ts',
        'that are unknown are refused, with the name that was meant; those of the CDK are left alone',
      ],
      ['test/infra/settings.test.ts', 'that are wrong are named all at once, each with what it must be'],
    ],
  },
  {
    hop: 'Deploy',
    threat: 'The signed address that CloudFormation waits at is logged',
    tests: [
      [
        'test/lambdas/logs.test.ts',
        'when rules cannot be seeded, whether CloudFormation is answered or not: its address is a signed one',
      ],
    ],
  },
]
