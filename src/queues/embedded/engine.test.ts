import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { engineContract } from '../testing/engine-contract.ts';
import { embeddedCapabilities } from './engine.ts';
import { TestEngine } from './testing/test-engine.ts';

engineContract('The embedded engine', embeddedCapabilities, () => new TestEngine().open());
engineContract('The embedded engine on storage in memory', embeddedCapabilities, () =>
  new TestEngine({ storage: new StorageDouble() }).open(),
);
