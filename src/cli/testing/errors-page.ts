import { errorCatalogue } from '../../errors.ts';
import { code, table } from './markdown.ts';

/** docs/reference/errors.md: the catalogue, and what becomes of device messages. */
export function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(([name, { http, mqtt, retryable, title }]) => [
    code(name),
    title,
    String(http),
    code(`0x${mqtt.toString(16).padStart(2, '0')}`),
    retryable ? 'yes' : 'no',
  ]);
  return `${[introduction, table(['code', 'meaning', 'HTTP status', 'MQTT reason code', 'retryable'], rows), outcomes].join('\n\n')}\n`;
}

const introduction = `# Errors and outcomes

A code is stable. It stands in the problem of an HTTP answer, in the user property \`sluice-code\` of a refusal over MQTT 5, in dead letters, and in
the log. *Retryable* says that the same request can succeed later; then 429 and 503 carry \`Retry-After\`. Reason codes that a packet cannot carry become
\`0x80\`.`;

const outcomes = `## What becomes of a device message

One list everywhere: in the body of an HTTP answer, in the user property \`sluice-outcome\` of a PUBACK, as a label of \`sluice_pipeline_messages_total\`, and in rehearsals
of dead letters.

| outcome | meaning |
| --- | --- |
| \`applied\` | Stored, and at least one value of the latest state is now the one of this message |
| \`stale\` | Stored in the history; everything that it says was known with a newer time |
| \`duplicate\` | A message of this device with the same id was stored before; nothing changed |
| \`rejected:CODE\` | Will be the same however often it is tried: it is a dead letter now |
| \`failed:CODE\` | May succeed later: it is tried again |

A message whose Message Expiry Interval ran out while it waited in the queue \`ingest\` never comes to the pipeline: the queue makes it a dead letter with the code
\`expired\` and counts it in \`sluice_queue_expired_total\`.`;
