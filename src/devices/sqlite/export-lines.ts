import type { ExportFormat } from '../series.ts';

/** A row of history as it is exported. */
export interface ExportRow {
  readonly id: number;
  readonly device_id: string;
  readonly message_id: string;
  readonly event_type: string;
  readonly time: number;
  readonly seq: number | null;
  readonly received_at: number;
  readonly processed_at: number;
  readonly driver: string;
  readonly driver_version: string;
  readonly outcome: string;
  /** JSON text. */
  readonly data: string;
}

/** One line with its end: for CSV as in RFC 4180. */
export const exportLines: Readonly<Record<ExportFormat, (row: ExportRow) => string>> = {
  ndjson(row) {
    const { data, ...others } = row;
    const fields = {
      deviceId: others.device_id,
      messageId: others.message_id,
      eventType: others.event_type,
      time: others.time,
      seq: others.seq ?? undefined,
      receivedAt: others.received_at,
      processedAt: others.processed_at,
      driver: others.driver,
      driverVersion: others.driver_version,
      outcome: others.outcome,
    };
    return `${JSON.stringify(fields).slice(0, -1)},"data":${data}}\n`;
  },

  csv(row) {
    const cells = [
      textCell(row.device_id),
      textCell(row.message_id),
      textCell(row.event_type),
      new Date(row.time).toISOString(),
      row.seq === null ? '' : String(row.seq),
      new Date(row.received_at).toISOString(),
      new Date(row.processed_at).toISOString(),
      textCell(row.driver),
      textCell(row.driver_version),
      row.outcome,
      textCell(row.data),
    ];
    return `${cells.join(',')}\r\n`;
  },
};

/** A spreadsheet runs what begins with one of these as a formula, and devices choose their message ids. */
const formula = /^[=+\-@\t\r]/;

function textCell(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
