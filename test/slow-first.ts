import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, the longest first. */
const SLOW = [
  'test/lambdas/faults.test.ts',
  'test/lambdas/incidents.test.ts',
  'test/text/exits/exits.test.ts',
  'test/rules/large-sets.test.ts',
  'test/lambdas/replay.test.ts',
  'test/infra/stack.test.ts',
  'test/rules/read/parse.laws.test.ts',
  'test/rules/binding/judge.test.ts',
  'test/rules/judge/judge.test.ts',
  'test/local/maintenance/room.test.ts',
  'test/local/crash/crash.test.ts',
  'test/cli/process.test.ts',
  'test/local/judge-thread.test.ts',
  'test/rules/evidence/evidence.test.ts',
  'test/infra/gateway.test.ts',
  'test/cli/main.test.ts',
  'test/cli/stack/redrive.test.ts',
  'test/cli/stack/replay.test.ts',
  'test/rules/binding/several-relations.test.ts',
  'test/rules/check/set-limits.test.ts',
  'test/fuzz/fuzz.test.ts',
  'test/pipeline/model.test.ts',
  'test/rules/lint/pairs.laws.test.ts',
  'test/lambdas/large-trace.test.ts',
  'test/replay/law.test.ts',
  'test/reference/differential.test.ts',
  'test/cli/demo/scenario.test.ts',
  'test/otlp/hostile/bodies.test.ts',
  'test/lambdas/evaluator.test.ts',
]

/**
 * Starts files with a process of their own first, then the slow ones: a slow file that starts last keeps one core waiting. It
 * does not use the times of earlier runs, which a fresh clone does not have.
 */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) => {
      if (project.config.isolate) return -1
      const slow = SLOW.indexOf(relative(project.config.root, moduleId).replaceAll('\\', '/'))
      return slow === -1 ? SLOW.length : slow
    }
    return files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId))
  }
}
