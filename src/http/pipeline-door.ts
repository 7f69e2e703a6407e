import type { AdviceDoor } from './doors/advice-door.ts';
import type { ClaimDoor } from './doors/claim-door.ts';
import type { DecodeAgainDoor } from './doors/decode-again-door.ts';
import type { DriverDoor } from './doors/driver-door.ts';
import type { IngestDoor } from './doors/ingest-door.ts';
import type { RegistryDoor } from './doors/registry-door.ts';
import type { RehearsalDoor } from './doors/rehearsal-door.ts';
import type { StrangerDoor } from './doors/stranger-door.ts';
import type { WorkerDoor } from './doors/worker-door.ts';

/** What the API needs of the device pipeline, by subject. */
export interface PipelineDoor {
  readonly ingestion: IngestDoor;
  readonly registry: RegistryDoor;
  readonly claims: ClaimDoor;
  readonly drivers: DriverDoor;
  readonly rehearsals: RehearsalDoor;
  readonly decodeAgain: DecodeAgainDoor;
  readonly workers: WorkerDoor;
  readonly advisor: AdviceDoor;
  readonly strangers: StrangerDoor;
}
