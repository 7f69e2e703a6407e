import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SluiceError } from '../../errors.ts';
import { silentLog } from '../../std/log.ts';
import type { DecodeRequest, DecodeResult } from '../driver.ts';
import { WorkerDriverHost } from './host.ts';
import { untimed } from './testing/untimed.ts';

describe('codec scripts', () => {
  const host = new WorkerDriverHost({ threads: 1, timeoutMs: 100, log: silentLog });

  before(() => host.start());
  after(() => host.stop());

  test('get the input of The Things Stack with the variables of ChirpStack', async () => {
    await add(
      'echo',
      'function decodeUplink(input) { return { data: { isDate: input.recvTime instanceof Date, input: input } } }',
    );
    const [result] = await host.decode([{ ...request('echo', Buffer.from([1, 255])), receivedAt: 1000 }]);
    assert.ok(result.ok);
    const { isDate, input } = result.readings[0].data as { isDate: boolean; input: Record<string, unknown> };
    assert.equal(isDate, true);
    assert.deepEqual([input.bytes, input.fPort, input.recvTime], [[1, 255], 1, '1970-01-01T00:00:01.000Z']);
    assert.deepEqual(input.variables, { site: 'north' });
  });

  test('find their clocks in UTC, and texts of their own language', async () => {
    await add(
      'clock',
      'function decodeUplink() { var d = new Date(2020, 6, 2, 3); return { data: { at: d.toISOString(), text: String(d), minutes: d.getTimezoneOffset() } } }',
    );
    const [result] = await host.decode([request('clock')]);
    assert.deepEqual(result.ok && result.readings[0].data, {
      at: '2020-07-02T03:00:00.000Z',
      text: 'Thu Jul 02 2020 03:00:00 GMT+0000 (UTC)',
      minutes: 0,
    });
  });

  test('may tell the stack of what they caught, and nobody learns from it where Sluice lies', async () => {
    const stack = 'Object.getOwnPropertyDescriptor(new Error("no"), "stack")';
    await add(
      'tells',
      `function decodeUplink() { return { errors: [String(new Error('no').stack), JSON.stringify(${stack} || '')] } }`,
    );
    const [result] = await host.decode([request('tells')]);
    assert.ok(!result.ok && /decodeUplink/.test(result.reason), JSON.stringify(result));
    assert.ok(!result.reason.includes(new URL('../../../', import.meta.url).pathname), result.reason);
  });

  test('that do not load are refused with the reason', async () => {
    const refused: [string, RegExp][] = [
      ['function decodeUplink( {', /Unexpected end of input/],
      ['var x = 1', /Define a function decodeUplink/],
      ['return; function other() {}', /the script has none, since a return at its top level ends it/],
      ['for (;;);', /takes too long to load/],
      ['throw new Error("no licence")', /no licence/],
      ["function decodeUplink() { return import /* */ ('node:fs') }", /Remove import\(\)/],
    ];
    for (const [script, reason] of refused) {
      await assert.rejects(add('bad', script), (problem: SluiceError) => {
        assert.equal(problem.code, 'invalid_argument');
        assert.match(problem.message, reason);
        return true;
      });
    }
    assert.equal(host.resolve('bad', undefined, 'd1')?.id, 'json');
  });

  test('that could match nothing are refused', async () => {
    const script = 'function decodeUplink() {}';
    const good = { id: 'a', version: '1.0.0', deviceType: 'a', firmware: '*', script };
    for (const bad of [
      { firmware: '>2 <1' },
      { firmware: 'new' },
      { version: '1' },
      { deviceType: 'a/b' },
      { id: '' },
    ]) {
      await assert.rejects(host.add({ ...good, ...bad }), { code: 'invalid_argument' });
    }
    await assert.rejects(host.add({ ...good, script: ' '.repeat(600_000) }), { code: 'invalid_argument' });
  });

  test('keep what a version stands for: the same again is fine, another under its name is a conflict', async () => {
    const script = 'function decodeUplink() { return { data: { v: 1 } } }';
    await add('fixed', script);
    await add('fixed', script);
    await assert.rejects(add('fixed', script.replace('1', '2')), { code: 'conflict' });
    await add('fixed', script.replace('1', '2'), '1.0.1');
    assert.equal(host.resolve('fixed', '3.0.0', 'd1')?.version, '1.0.1');
  });

  test('that loop, also in a promise or a regular expression, cost their message', async () => {
    await add(
      'loops',
      `function decodeUplink(input) {
         if (input.bytes[0] === 1) for (;;);
         if (input.bytes[0] === 2) Promise.resolve().then(function () { for (;;); });
         if (input.bytes[0] === 3) /^(a+)+$/.test('a'.repeat(50) + 'b');
         return { data: { byte: input.bytes[0] } };
       }`,
    );
    const results = await host.decode([0, 1, 4, 2, 5, 3, 6].map((byte) => request('loops', Buffer.from([byte]))));
    const late = 'driver_timeout';
    assert.deepEqual(codes(results), ['ok', late, 'ok', late, 'ok', late, 'ok']);
  });

  test('that take all memory cost their message, in many small pieces or in one', async () => {
    await add(
      'hoards',
      `var kept = [];
       function decodeUplink(input) {
         if (input.bytes[0] === 1) return { data: { n: 'x'.repeat(Math.pow(2, 27)).split('').length } };
         if (input.bytes[0] === 2) for (var i = 0; i < 300; i++) kept.push(('y' + i).repeat(1e6).split('y0'));
         return { data: { byte: input.bytes[0] } };
       }`,
    );
    const results = await host.decode([0, 1, 4, 2, 5].map((byte) => request('hoards', Buffer.from([byte]))));
    assert.deepEqual(
      [0, 2, 4].map((index) => codes(results)[index]),
      ['ok', 'ok', 'ok'],
    );
    // Whether its time or its memory ends first is the machine's affair.
    for (const place of [1, 3]) assert.ok(['driver_failed', 'driver_timeout'].includes(codes(results)[place]));
  });

  test('leave nothing behind: neither state nor memory', async () => {
    await add(
      'keeps',
      'var kept = []; function decodeUplink() { kept.push(new Uint8Array(4e6).fill(1)); return { data: { n: kept.length } } }',
    );
    for (let round = 0; round < 40; round++) {
      const results = await host.decode([request('keeps'), request('keeps')]);
      assert.deepEqual(
        results.map((result) => result.ok && result.readings[0].data),
        [{ n: 1 }, { n: 1 }],
      );
    }
  });

  test('find no way out of their context', async () => {
    const attempts: Record<string, string> = {
      'constructor of the global': "this.constructor.constructor('return process')()",
      eval: "eval('1')",
      'indirect eval': "(0, eval)('this')",
      'generator constructor': "(function* () {}).constructor('yield process')().next().value",
      'constructor of the input': "input.bytes.constructor.constructor('return process')()",
      'constructor of a date': "input.recvTime.constructor.constructor('return process')()",
      'stack frames': `(Error.prepareStackTrace = function (e, frames) { return frames; },
        new Error().stack.map(function (frame) { return frame.constructor.constructor('return process')(); }))`,
    };
    for (const [name, code] of Object.entries(attempts)) {
      const id = `escape-${name.replaceAll(' ', '-')}`;
      await add(id, `function decodeUplink(input) { return { data: { found: String(${code}) } } }`);
      const [result] = await host.decode([request(id)]);
      assert.match(reasonOf(result), /Code generation from strings disallowed/, name);
    }
    await add(
      'names',
      `function decodeUplink() { return { data: { names: ['process', 'require', 'module', 'fetch', 'setTimeout',
      'WebAssembly', 'SharedArrayBuffer', 'Atomics'].filter(function (name) { return name in globalThis; }) } } }`,
    );
    const [names] = await host.decode([request('names')]);
    assert.ok(names.ok);
    assert.deepEqual(names.readings[0].data, { names: [] });
  });

  test('that attack their context cost their message, and the next one is decoded', async () => {
    const attacks: Record<string, string> = {
      'an endless regular expression': "/^(\\w+\\s?)*$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')",
      'an array of all indices': 'Array(Math.pow(2, 32))',
      'a huge array that is filled': 'Array(1e9).fill(0).length',
      'a stack without end': '(function dive() { return dive() + 1; })()',
      'a getter in what it throws': '(function () { throw { get message() { for (;;); } }; })()',
      'a thrower that throws when shown':
        '(function () { throw { get message() { throw this; }, toString: null }; })()',
      'a proxy that answers without end': 'new Proxy({}, { ownKeys: function () { for (;;); } })',
      'a proxy that is an array without end':
        "new Proxy([], { get: function (t, k) { return k === 'length' ? 1e9 : k === 'toJSON' ? undefined : 1; } })",
      'a text without end': "'x'.repeat(Math.pow(2, 29)).repeat(8)",
      'an object within itself': '(function () { var a = {}; a.a = a; return a; })()',
      'a generator without end': '[...(function* () { for (;;) yield 1; })()]',
      'a call of its caller': 'sluiceRun()',
      'a promise without end': '(function again() { return Promise.resolve().then(again); })() && 1',
      'a frozen world':
        '(Object.getOwnPropertyNames(globalThis).forEach(function (n) { try { Object.freeze(globalThis[n]); } catch (e) { } }), null).x',
    };
    const cases = Object.values(attacks).map(
      (code, index) => `if (input.bytes[0] === ${index + 1}) return { data: { found: ${code} } };`,
    );
    for (const id of ['attacker', 'hoarder'])
      await add(id, `function decodeUplink(input) { ${cases.join('\n')} return { data: { byte: 0 } }; }`);
    for (const [index, name] of Object.keys(attacks).entries()) {
      // Where the process goes with the message it counts as several, and one driver with so many within a minute is set aside.
      const id = name === 'a huge array that is filled' ? 'hoarder' : 'attacker';
      const results = await host.decode([0, index + 1, 0].map((byte) => request(id, Buffer.from([byte]))));
      assert.deepEqual(
        [results[0].ok, results[1].ok, results[2].ok],
        [true, false, true],
        `${name}: ${reasonOf(results[1])}`,
      );
    }
  });

  test('find nothing behind import(), should one be hidden from the first look', async () => {
    const hidden = `var quote = /"/; var p = import ('node:fs'); var end = /"/;`;
    await add('importer', `function decodeUplink() { return { data: { found: 'nothing' } } }`);
    await assert.rejects(
      add('importer-open', `function decodeUplink() { ${hidden.replaceAll('"', 'x')} }`),
      /Remove import/,
    );
    await add(
      'importer-hidden',
      `function decodeUplink() {
         ${hidden}
         var found = [];
         try { found.push(String(p.constructor.constructor('return process')().pid)); } catch (e) { found.push('no code'); }
         try { p.constructor.prototype.then = null; found.push(p.then === null ? 'changed' : 'fixed'); } catch (e) { found.push('fixed'); }
         p.then(null, function (e) { e.constructor.constructor('return process')().exit(9); });
         return { data: { found: found } };
       }`,
    );
    const [result] = await host.decode([request('importer-hidden')]);
    assert.deepEqual(result.ok ? result.readings[0].data : result.reason, { found: ['no code', 'fixed'] });
    const [after] = await host.decode([request('importer')]);
    assert.ok(after.ok);
  });

  test('get nothing from the objects of the outer realm that leak at the end of the stack', async () => {
    await add(
      'deep',
      `function decodeUplink() {
         var leaked;
         function dive() {
           try { dive(); } catch (e) {
             if (leaked) return;
             try { null.x; } catch (inner) {
               try { inner.stack; } catch (outer) { if (!(outer instanceof Error)) leaked = outer; }
             }
             throw e;
           }
         }
         try { dive(); } catch (e) { }
         if (!leaked) return { data: { leaked: false } };
         var data = { leaked: true, code: 'none', changed: false };
         try { data.code = String(leaked.constructor.constructor('return process')().pid); } catch (e) { }
         var top = Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(leaked)));
         try { top.sluice = 1; } catch (e) { }
         data.changed = 'sluice' in top;
         return { data: data };
       }`,
    );
    const [result] = await host.decode([request('deep')]);
    assert.ok(result.ok, reasonOf(result));
    const { leaked, ...found } = result.readings[0].data;
    assert.deepEqual(found, leaked === true ? { code: 'none', changed: false } : {});
  });

  test('that change the intrinsics of their context harm only themselves', async () => {
    await add(
      'vandal',
      `Object.prototype.toJSON = Array.prototype.toJSON = function () { return 'gone'; };
       JSON.stringify = JSON.parse = String = function () { return 7; };
       function decodeUplink() { return { data: { t: 1 } }; }`,
    );
    await add('neighbour', 'function decodeUplink() { return { data: { t: JSON.parse("2") } } }');
    const results = await host.decode([request('vandal'), request('neighbour')]);
    assert.deepEqual(codes(results), ['driver_failed', 'ok']);
  });

  test('answer only what JSON can say', async () => {
    const answers: [string, string][] = [
      ['{ data: { t: 1n } }', 'BigInt'],
      ['{ errors: ["unknown FPort"] }', 'unknown FPort'],
      ['undefined', 'met nothing'],
      ['{ data: { t: "x".repeat(300000) } }', 'Answer at most 262144 characters'],
    ];
    for (const [index, [answer, reason]] of answers.entries()) {
      await add(`answer-${index}`, `function decodeUplink() { return ${answer}; }`);
      const [result] = await host.decode([request(`answer-${index}`)]);
      assert.deepEqual(codes([result]), ['driver_failed']);
      assert.ok(reasonOf(result).includes(reason), reasonOf(result));
    }
    await add(
      'dates',
      'const decodeUplink = () => ({ messages: [{ time: new Date(5), data: { u: undefined, t: 1 } }], warnings: ["w"] })',
    );
    const [result] = await host.decode([request('dates')]);
    assert.deepEqual(untimed(result), { ok: true, readings: [{ time: 5, data: { u: null, t: 1 } }], warnings: ['w'] });
  });

  test('answer nothing where a payload means nothing, and it is told', async () => {
    for (const [index, answer] of [
      '{}',
      '{ data: null, errors: [], warnings: [] }',
      '{ data: undefined, port: 3 }',
    ].entries()) {
      await add(`empty-${index}`, `function decodeUplink() { return ${answer}; }`);
      const [result] = await host.decode([request(`empty-${index}`)]);
      assert.deepEqual(untimed(result), { ok: true, readings: [], warnings: ['The driver answered no data'] });
    }
    await add('warned', `function decodeUplink() { return { warnings: ['unknown port'] }; }`);
    const [warned] = await host.decode([request('warned')]);
    assert.deepEqual(untimed(warned), { ok: true, readings: [], warnings: ['unknown port'] });
    await add('unwrapped', 'function decodeUplink() { return { temperature: 1 }; }');
    await add('later', 'async function decodeUplink() { return { data: { t: 1 } }; }');
    assert.match(reasonOf((await host.decode([request('later')]))[0]), /nobody waits for a promise/);
    assert.match(reasonOf((await host.decode([request('unwrapped')]))[0]), /Answer data as an object: met nothing/);
  });

  test('answer a list as data, and its places are names', async () => {
    await add('list', `function decodeUplink(i) { return { data: [{ type: 't', value: i.bytes[0] }, 'x'] }; }`);
    const [result] = await host.decode([request('list', Buffer.of(7))]);
    assert.deepEqual(result.ok && result.readings, [{ data: { 0: { type: 't', value: 7 }, 1: 'x' } }]);
  });

  test('may leave undefined what their schema does not require', async () => {
    await add('partial', 'function decodeUplink(i) { return { data: { t: i.bytes[0], deep: { u: undefined } } } }');
    const deep = { type: 'object', properties: { u: { type: 'number' } } };
    const telemetry = { type: 'object', properties: { t: { type: 'number' }, deep }, required: ['t'] };
    const requests = [Buffer.of(1), Buffer.of()].map((bytes) => ({
      ...request('partial', bytes),
      schemas: { telemetry },
    }));
    const results = await host.decode(requests);
    assert.deepEqual(codes(results), ['ok', 'schema_violation']);
    assert.deepEqual(results[0].ok && results[0].readings[0].data, { t: 1, deep: { u: null } });
  });

  test('answer NaN and Infinity as null, and it is told', async () => {
    await add(
      'gaps',
      'function decodeUplink() { return { data: { t: NaN, list: [1, -Infinity], u: 3 }, warnings: "w" } }',
    );
    const [result] = await host.decode([request('gaps')]);
    assert.deepEqual(untimed(result), {
      ok: true,
      readings: [{ data: { t: null, list: [1, null], u: 3 } }],
      warnings: [
        'w',
        'The driver answered NaN in "t": it is kept as null',
        'The driver answered -Infinity in "1": it is kept as null',
      ],
    });
  });

  function add(id: string, script: string, version = '1.0.0'): Promise<void> {
    return host.add({ id, version, deviceType: id, firmware: '*', script });
  }
});

function request(id: string, bytes = Buffer.from([0])): DecodeRequest {
  return {
    driver: { id, version: '1.0.0' },
    bytes,
    fPort: 1,
    receivedAt: 0,
    topic: 'devices/d1/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'd1', type: 'x', firmwareVersion: '1.0.0', attributes: { site: 'north' } },
    schemas: {},
    schemaPolicy: 'enforce',
  };
}

function codes(results: readonly DecodeResult[]): string[] {
  return results.map((result) => (result.ok ? 'ok' : result.code));
}

function reasonOf(result: DecodeResult): string {
  return result.ok ? `ok: ${JSON.stringify(result.readings)}` : result.reason;
}
