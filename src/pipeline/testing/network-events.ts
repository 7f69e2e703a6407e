import type { JsonObject } from '../../std/json.ts';

/** An uplink as a webhook of The Things Stack sends it. */
export function theThingsStackUplink(payload: Buffer, uplink: JsonObject = {}): JsonObject {
  return {
    end_device_ids: {
      device_id: 'probe-1',
      application_ids: { application_id: 'cellar' },
      dev_eui: '70B3D57ED0000001',
      join_eui: '0000000000000001',
      dev_addr: '260B0001',
    },
    correlation_ids: ['as:up:01TEST', 'gs:uplink:01TEST'],
    received_at: '2026-01-02T03:04:05.900000001Z',
    uplink_message: {
      session_key_id: 'AZtest==',
      f_port: 7,
      f_cnt: 42,
      frm_payload: payload.toString('base64'),
      rx_metadata: [{ gateway_ids: { gateway_id: 'roof', eui: 'B827EBFFFE000001' }, rssi: -97, snr: 8.2 }],
      settings: { data_rate: { lora: { bandwidth: 125000, spreading_factor: 7 } }, frequency: '868300000' },
      received_at: '2026-01-02T03:04:05.600000001Z',
      ...uplink,
    },
  };
}

/** An uplink as the HTTP and the MQTT integration of ChirpStack 4 send it. */
export function chirpStackUplink(payload: Buffer, event: JsonObject = {}): JsonObject {
  return {
    deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d',
    time: '2026-01-02T03:04:05.6+00:00',
    deviceInfo: { tenantName: 'T', applicationName: 'cellar', deviceName: 'Probe 2', devEui: '70b3d57ed0000002' },
    devAddr: '00189440',
    dr: 1,
    fCnt: 42,
    fPort: 7,
    data: payload.toString('base64'),
    rxInfo: [{ gatewayId: '0016c001f153a14c', rssi: -36, snr: 10.5 }],
    txInfo: { frequency: 868100000 },
    ...event,
  };
}

/** An uplink as the integrations of ChirpStack 3 send it with `marshaler = "json_v3"`. */
export function chirpStack3Uplink(payload: Buffer, event: JsonObject = {}): JsonObject {
  return {
    applicationID: '3',
    applicationName: 'cellar',
    deviceName: 'Probe 3',
    devEUI: '70b3d57ed0000003',
    rxInfo: [
      {
        gatewayID: '0016c001f153a14c',
        uplinkID: '6d1f8d2e-33a4-4ef1-8b0a-5a3a2f6b7c01',
        name: 'roof',
        time: '2026-01-02T03:04:05.6Z',
        rssi: -57,
        loRaSNR: 10.2,
        location: { latitude: 52.5, longitude: 13.4, altitude: 40 },
      },
    ],
    txInfo: { frequency: 868100000, dr: 5 },
    adr: true,
    fCnt: 42,
    fPort: 7,
    data: payload.toString('base64'),
    ...event,
  };
}

/** The same with `marshaler = "json"`, which is Protocol Buffers written as JSON. */
export function chirpStack3ProtobufUplink(payload: Buffer, event: JsonObject = {}): JsonObject {
  return {
    applicationID: '3',
    applicationName: 'cellar',
    deviceName: 'Probe 3',
    devEUI: 'cLPVftAAAAM=',
    rxInfo: [
      {
        gatewayID: 'ABbAAfFToUw=',
        time: null,
        timeSinceGPSEpoch: null,
        rssi: -57,
        loRaSNR: 10.2,
        uplinkID: 'bR+NLjOkTvGLCloGL2t8AQ==',
        crcStatus: 'CRC_OK',
      },
    ],
    txInfo: { frequency: 868100000, modulation: 'LORA', loRaModulationInfo: { bandwidth: 125, spreadingFactor: 7 } },
    adr: true,
    dr: 5,
    fCnt: 42,
    fPort: 7,
    data: payload.toString('base64'),
    objectJSON: '',
    tags: {},
    confirmedUplink: false,
    devAddr: 'ABiUQA==',
    publishedAt: '2026-01-02T03:04:05.600000001Z',
    ...event,
  };
}

/** What they tell besides. */
export const eventsWithoutUplink: readonly JsonObject[] = [
  theThingsStackEvent('join_accept', { session_key_id: 'AZtest==', received_at: '2026-01-02T03:04:04Z' }),
  theThingsStackEvent('downlink_ack', { f_port: 7, frm_payload: 'AQ==' }),
  theThingsStackEvent('location_solved', { location: { latitude: 52.5, longitude: 13.4 } }),
  theThingsStackEvent('uplink_normalized', { f_port: 7, normalized_payload: { air: { temperature: 1 } } }),
  chirpStackEvent({ devAddr: '00189440' }),
  chirpStackEvent({ queueItemId: 'c0ffee', acknowledged: true, fCntDown: 3 }),
  chirpStackEvent({ margin: 3, batteryLevel: 75.5 }),
  chirpStackEvent({ integrationName: 'Elsewhere', object: { latitude: 52.5 } }),
  chirpStack3Event({ devAddr: '00189440', rxInfo: [{ uplinkID: 'a' }], txInfo: { dr: 5 } }),
  chirpStack3Event({ acknowledged: true, fCnt: 12 }),
  chirpStack3Event({ margin: 6, externalPowerSource: false, batteryLevel: 75.5 }),
  chirpStack3Event({ type: 'DATA_UP_FCNT', error: 'reset', fCnt: 4 }),
  chirpStack3Event({ location: { latitude: 52.5, longitude: 13.4 } }),
  chirpStack3Event({ integrationName: 'Elsewhere', eventType: 'up', objectJSON: '{"fPort":1}' }),
];

function theThingsStackEvent(kind: string, said: JsonObject): JsonObject {
  const { uplink_message: _, ...common } = theThingsStackUplink(Buffer.alloc(0));
  return { ...common, [kind]: said };
}

function chirpStackEvent(said: JsonObject): JsonObject {
  const { deduplicationId, time, deviceInfo } = chirpStackUplink(Buffer.alloc(0));
  return { deduplicationId, time, deviceInfo, ...said };
}

function chirpStack3Event(said: JsonObject): JsonObject {
  const { applicationID, applicationName, deviceName, devEUI } = chirpStack3Uplink(Buffer.alloc(0));
  return { applicationID, applicationName, deviceName, devEUI, ...said };
}
