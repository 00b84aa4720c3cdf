/** The other instances at the same Redis, and whether they have the same settings. Pure. */
import { differences, type Fingerprint, type Instances } from '../redis/instances.ts';
import { about, type Finding } from './finding.ts';

/** @param own digests of this configuration's settings */
export function judgeInstances(own: Fingerprint, instances: Instances | undefined): Finding[] {
  const at = about('instances', 'redis');
  if (instances === undefined)
    return [
      at.warning(
        'their records cannot be read',
        'delete the key sluice:1:instances: something else wrote it',
      ),
    ];
  const { records, foreign } = instances;
  const differing = records.flatMap(({ id, host, version, startedAt, settings }) => {
    const paths = differences(own, settings);
    const who = `${host} ${id.slice(0, 8)} (${version}, since ${new Date(startedAt).toISOString()})`;
    if (paths.length === 0) return [about('instances', who).ok('has the same limits and cache settings')];
    return [
      about('instances', who).warning(
        `has other settings: ${paths.join(', ')}`,
        'give all instances at one Redis the same limits and cache settings',
      ),
    ];
  });
  const strangers =
    foreign === 0
      ? []
      : [
          at.warning(
            `${foreign} with other redis.signingKeys: nothing is shared with them`,
            'give all instances the same redis.signingKeys',
          ),
        ];
  if (records.length + foreign === 0) return [at.ok('none runs at this Redis now')];
  return [...differing, ...strangers];
}
