import { storeContract } from '../store-contract.ts';
import { SqliteFixture } from './store-fixture.ts';

storeContract('the SQLite store', new SqliteFixture());
storeContract('the SQLite store that remembers almost no versions', new SqliteFixture({ stateKeysCachedMax: 1 }));
