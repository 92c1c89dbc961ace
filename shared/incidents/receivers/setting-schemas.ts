import * as v from 'valibot'
import { isWebhookSecret } from '../webhook-signature.ts'

/** An http or https URL. */
export const webUrl = v.pipe(
  v.string(),
  v.check((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'expected an http or https URL'),
  // `fetch` sends nothing to such a URL, and shows it in what it throws.
  v.check((text) => !/\/\/[^/?#]*@/.test(text), 'expected a URL without user and password; send them as a header'),
)

/** The address of a vendor, without a slash at its end; http for this machine only. */
export const vendorUrl = v.pipe(
  webUrl,
  v.check(
    (text) => /^(?:https:|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$))/.test(text),
    'expected an https URL',
  ),
  v.transform((text) => text.replace(/\/+$/, '')),
)

/** Headers sent with every request, for example `authorization`. */
export const headersByName = v.record(
  v.pipe(v.string(), v.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected the name of a header')),
  // `fetch` shows any other in what it throws.
  v.pipe(v.string(), v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected text that a header can hold')),
)

/** Requests are signed by each (Standard Webhooks); the first is the one that receivers are to know from now on. */
export const webhookSecrets = v.array(
  v.pipe(v.string(), v.check(isWebhookSecret, 'expected whsec_ and 24 to 64 bytes in base64')),
)

/** The ARN of a topic of SNS. */
export const topicArn = v.pipe(
  v.string(),
  v.regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/, 'expected the ARN of a topic: arn:aws:sns:…'),
)
