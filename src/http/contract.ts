import type { Route } from './route.ts';
import { adviceRoutes } from './routes/advice.ts';
import { banRoutes } from './routes/bans.ts';
import { cloudEventRoutes } from './routes/cloud-events.ts';
import { consumerRoutes } from './routes/consumers.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { decodeAgainRoutes } from './routes/decode-again.ts';
import { deliveryStreamRoutes } from './routes/delivery-stream.ts';
import { deviceTransferRoutes } from './routes/device-transfer.ts';
import { deviceTypeRoutes } from './routes/device-types.ts';
import { deviceRoutes } from './routes/devices.ts';
import { driverRoutes } from './routes/drivers.ts';
import { eventSchemaRoutes } from './routes/event-schemas.ts';
import { exportRoutes } from './routes/export.ts';
import { groupRoutes } from './routes/groups.ts';
import { healthRoutes } from './routes/health.ts';
import { ingestRoutes } from './routes/ingest.ts';
import { ingestBatchRoutes } from './routes/ingest-batches.ts';
import { leaseRoutes } from './routes/leases.ts';
import { lorawanRoutes } from './routes/lorawan.ts';
import { messageStoryRoutes } from './routes/message-story.ts';
import { messageRoutes } from './routes/messages.ts';
import { moveRoutes } from './routes/moves.ts';
import { pipelineRoutes } from './routes/pipeline.ts';
import { provisioningRoutes } from './routes/provisioning.ts';
import { queueMessageRoutes } from './routes/queue-messages.ts';
import { queueRoutes } from './routes/queues.ts';
import { readingRoutes } from './routes/readings.ts';
import { scalingRoutes } from './routes/scaling.ts';
import { schemaDocumentRoutes } from './routes/schema-documents.ts';
import { seriesRoutes } from './routes/series.ts';
import { strangerRoutes } from './routes/strangers.ts';
import { thingsBoardRoutes } from './routes/things-board.ts';
import { workbenchRoutes } from './routes/workbench.ts';
import { workerRoutes } from './routes/workers.ts';

/** The HTTP API: every route, in the order of the reference. What is served, checked and documented follows from these rows. */
export const contract: readonly Route[] = [
  ...healthRoutes,
  ...messageRoutes,
  ...queueRoutes,
  ...scalingRoutes,
  ...queueMessageRoutes,
  ...leaseRoutes,
  ...deliveryStreamRoutes,
  ...consumerRoutes,
  ...groupRoutes,
  ...moveRoutes,
  ...deadLetterRoutes,
  ...workbenchRoutes,
  ...decodeAgainRoutes,
  ...deviceTypeRoutes,
  ...eventSchemaRoutes,
  ...schemaDocumentRoutes,
  ...adviceRoutes,
  ...strangerRoutes,
  ...pipelineRoutes,
  ...driverRoutes,
  ...deviceRoutes,
  ...credentialRoutes,
  ...provisioningRoutes,
  ...deviceTransferRoutes,
  ...readingRoutes,
  ...messageStoryRoutes,
  ...seriesRoutes,
  ...exportRoutes,
  ...ingestRoutes,
  ...ingestBatchRoutes,
  ...cloudEventRoutes,
  ...thingsBoardRoutes,
  ...lorawanRoutes,
  ...workerRoutes,
  ...banRoutes,
];
