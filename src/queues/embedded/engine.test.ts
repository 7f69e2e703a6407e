import { engineContract } from '../engine-contract.ts';
import { TestEngine } from './test-engine.ts';

engineContract('The embedded engine', () => new TestEngine().open());
