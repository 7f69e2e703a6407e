import { storeContract } from '../testing/store-contract.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

storeContract('the SQLite store', new SqliteFixture());
storeContract('the SQLite store that remembers almost no versions', new SqliteFixture({ stateKeysCachedMax: 1 }));
