/*
 * Loaded into a server beside its program, on whose main thread it runs. It answers each message with the longest work
 * since the last one that left nobody else a turn, in milliseconds of that thread's processor time.
 */

const usedMs = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

let lastMs = usedMs()
let longestMs = 0
setInterval(() => {
  const nowMs = usedMs()
  longestMs = Math.max(longestMs, nowMs - lastMs)
  lastMs = nowMs
}, 1).unref()

process.on('message', () => {
  process.send?.(longestMs)
  longestMs = 0
})
process.channel?.unref()
