import { SluiceError } from '../../errors.ts';
import type { KnownDevice } from '../registry-cache.ts';
import type { Work } from '../work.ts';
import type { Step } from './step.ts';

/** The driver for the device type and the firmware that made this very payload, which may not be the one of today. */
export const pickDriver: Step = {
  name: 'pick driver',
  run(works, { drivers, firmwareSeen }) {
    for (const work of works) {
      const known = work.known as KnownDevice;
      const said = work.said?.firmwareVersion;
      work.firmwareVersion = said ?? known.device.firmwareVersion;
      if (said !== undefined && said !== known.device.firmwareVersion) {
        firmwareSeen(known, said, work.message.receivedAt);
      }
      work.driver = work.wantedDriver ?? drivers.resolve(known.type.name, work.firmwareVersion, known.device.id);
      if (work.driver === undefined) work.stop('driver', noDriver(known.type.name, work));
    }
  },
};

function noDriver(deviceType: string, { firmwareVersion }: Work): SluiceError {
  const firmware = firmwareVersion === undefined ? 'unknown firmware' : `firmware "${firmwareVersion}"`;
  return new SluiceError('no_driver', `Add a driver for device type "${deviceType}" and ${firmware}: none matches`);
}
