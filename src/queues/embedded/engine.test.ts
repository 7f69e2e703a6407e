import { engineContract } from '../testing/engine-contract.ts';
import { TestEngine } from './testing/test-engine.ts';

engineContract('The embedded engine', () => new TestEngine().open());
