import { counted, grouped } from '../../text/numbers.ts'
import type { Notice } from '../notice.ts'
import { shownName, shownNames } from './shown.ts'
import { durationText, utcText } from './times.ts'

const MAX_DESCRIPTION = 500
const MAX_NAMES = 5
const MAX_FLOODED = 20
/** A rule that broke a moment ago has not been exercised since, which is nothing to report yet. */
const UNEXERCISED_MS = 60_000

/** What the rule is about, then how things are: one line each. */
export function sentencesOf(notice: Notice): readonly string[] {
  const { test, description = '' } = notice
  return [
    ...(test === undefined ? [] : ['This is a test: nothing is wrong, and nothing needs to be done.']),
    ...(description.trim() === '' ? [] : [shownName(onOneLine(description), MAX_DESCRIPTION)]),
    ...handSentence(notice),
    ...exerciseSentence(notice),
    ...reopenedSentence(notice),
    ...experimentSentence(notice),
    ...relatedSentence(notice),
    ...floodSentences(notice),
  ]
}

/** A rule's description may be a paragraph. */
function onOneLine(text: string): string {
  return text
    .slice(0, 2 * MAX_DESCRIPTION)
    .trimEnd()
    .replace(/\s*\n\s*/g, ' ')
}

/** What the person said who ended it. */
function handSentence({ hand }: Notice): readonly string[] {
  if (hand === undefined) return []
  const who = hand.by === undefined ? '' : ` by ${shownName(hand.by)}`
  return [`Closed${who}: ${shownName(onOneLine(hand.why), MAX_DESCRIPTION)}`]
}

/** Says of an open incident whether the rule was tried since it broke: no new violations may only mean no traffic. */
function exerciseSentence(notice: Notice): readonly string[] {
  const { change, exercise, nowMs, ended } = notice
  const brokenMs = Math.max(notice.first.atMs, ...notice.latest.map(({ atMs }) => atMs))
  const inGroups = notice.group === undefined ? '' : ' in any group'
  if (change === 'resolved') {
    if (ended !== 'unexercised') return []
    return [`Not exercised${inGroups} since ${utcText(brokenMs)}: no trace tried the rule, so it may still be broken.`]
  }
  if (exercise === undefined) return []
  const { exercised, held, lastMs } = exercise
  if (exercised > 0) {
    const last = lastMs === undefined ? '' : `, last at ${utcText(lastMs)}`
    return [`Since the last violation it held in ${grouped(held)} of ${counted(exercised, 'trace')}${inGroups}${last}.`]
  }
  if (nowMs - brokenMs < UNEXERCISED_MS) return []
  return [`Not exercised${inGroups} since ${utcText(brokenMs)}, for ${durationText(nowMs - brokenMs)}.`]
}

function reopenedSentence({ reopened, opening }: Notice): readonly string[] {
  if (reopened > 0) return [`Reopened ${counted(reopened, 'time')} in 24 hours.`]
  return opening > 1 ? [`Opened again: opening ${opening} of this incident.`] : []
}

function experimentSentence({ experiments }: Notice): readonly string[] {
  if (experiments.length === 0) return []
  const noun = experiments.length === 1 ? 'experiment' : 'experiments'
  return [`Opened during the ${noun} ${shownNames(experiments, MAX_NAMES)}.`]
}

function relatedSentence({ related }: Notice): readonly string[] {
  if (related.length === 0) return []
  const names = shownNames(
    related.map(({ rule }) => rule),
    MAX_NAMES,
  )
  return [`The first trace also broke ${names}, open too.`]
}

function floodSentences({ flood = [] }: Notice): readonly string[] {
  if (flood.length === 0) return []
  const shown = flood.slice(0, MAX_FLOODED).map(({ rule, severity }) => `• ${shownName(rule)} (${severity})`)
  const left = flood.length - shown.length
  return ['These incidents are not reported one by one:', ...shown, ...(left > 0 ? [`… and ${left} more`] : [])]
}
