import { monitorEventLoopDelay } from 'node:perf_hooks'

/*
 * Loaded into a server beside its program, on whose main thread it runs. It answers each message with the longest time
 * since the last one in which that thread took nothing up, in milliseconds.
 */

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
process.on('message', () => {
  process.send?.(delay.max / 1e6)
  delay.reset()
})
process.channel?.unref()
