import type { DiskConfig, ImageRecord, Metadata } from './state.ts';

/**
 * The base images of the guide (section 2.6): names, sizes, disk configuration and dates are its facts; the ids are
 * ours and the same in every region and run, so that scripts may name them.
 */
type Row = readonly [
  id: string,
  name: string,
  created: string,
  minDisk: number,
  minRam: number,
  diskConfig: DiskConfig,
  os: string,
  version: string,
];

// biome-ignore format: one image a line
const ROWS: readonly Row[] = [
  ['4a17e6f2-2025-4825-8adb-023a8374c56e', 'Ubuntu 11.10 (Oneiric Ocelot)', '2012-02-28T19:38:57Z', 10, 256, 'AUTO', 'ubuntu', '11.10'],
  ['dd421996-b9cc-4877-8b4d-1303f27feac2', 'CentOS 5.6', '2012-02-28T19:40:46Z', 10, 256, 'AUTO', 'centos', '5.6'],
  ['ddc25c85-bbd2-4fb0-b03e-2a1cd91aded4', 'Fedora 16 (Verne)', '2012-02-28T19:41:07Z', 10, 256, 'AUTO', 'fedora', '16'],
  ['8e20f8a3-fd5a-4fdd-8e3a-17f87b918d15', 'Debian 6 (Squeeze)', '2012-02-28T19:41:44Z', 10, 256, 'AUTO', 'debian', '6'],
  ['f44bf121-4534-4d7c-85a5-2a1f1daa94bd', 'openSUSE 12.1', '2012-02-28T19:42:04Z', 10, 256, 'AUTO', 'opensuse', '12.1'],
  ['b52a9a22-d481-41b0-9372-c02b29f47f4a', 'Ubuntu 11.04 (Natty Narwhal)', '2012-02-28T21:24:42Z', 10, 256, 'AUTO', 'ubuntu', '11.04'],
  ['7706bda5-3b61-40cb-aa32-be1ded8a7bf8', 'Red Hat Enterprise Linux 5.5', '2012-04-06T22:11:47Z', 0, 256, 'AUTO', 'rhel', '5.5'],
  ['8389b2cb-f161-427b-9665-06ab841f689c', 'CentOS 6.2', '2012-05-31T19:30:45Z', 0, 0, 'AUTO', 'centos', '6.2'],
  ['6301cfae-4595-417a-b568-4c48cf0266f0', 'Fedora 17 (Beefy Miracle)', '2012-06-20T03:20:52Z', 0, 0, 'AUTO', 'fedora', '17'],
  ['29808ad2-b1bb-4447-bb8c-c9580690b7f9', 'CentOS 6.3', '2012-07-25T22:35:36Z', 10, 256, 'AUTO', 'centos', '6.3'],
  ['5a047858-1e26-4a11-b3b6-d599cae20d25', 'FreeBSD 9', '2012-07-27T19:06:52Z', 10, 256, 'MANUAL', 'freebsd', '9'],
  ['25d97f28-9687-4ff6-a83d-b4bc1ff74c95', 'Windows Server 2008 R2 SP1', '2012-07-27T19:41:40Z', 40, 1024, 'MANUAL', 'windows', '2008r2'],
  ['968ede73-c823-4093-b988-4ba0d4f06e04', 'Windows Server 2008 R2 SP1 + SQL Server 2008 R2 Standard', '2012-07-29T23:40:06Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['6312e591-8c40-4ad7-a508-37f51eb7f9f5', 'Windows Server 2008 R2 SP1 (with updates) + SQL Server 2008 R2 SP1 Standard', '2012-07-30T01:12:47Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['668d7942-a5f2-4fb1-a889-235bdd2d7c15', 'Windows Server 2008 R2 SP1 (with updates) + SQL Server 2012 Web', '2012-07-30T13:49:18Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['8f905d75-a749-4148-960e-3289a051ae0a', 'Windows Server 2008 R2 SP1 (with updates) + SQL Server 2008 R2 SP1 Web', '2012-07-30T16:45:00Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['1ae955ff-c001-4f95-9734-3334fd559ece', 'Windows Server 2008 R2 SP1 + SQL Server 2008 R2 Web', '2012-07-30T17:56:50Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['a1856285-5e37-42c4-a124-f3ffa98bf5d6', 'Windows Server 2008 R2 SP1 (with updates) + SQL Server 2012 Standard', '2012-07-30T18:15:22Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['42fb8112-8c02-460f-8184-9c2addd08e7c', 'Windows Server 2008 R2 SP1 + SQL Server 2012 Web', '2012-07-30T20:40:26Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['a4e4b513-ba2e-41d7-a281-61f01a69907c', 'Windows Server 2008 R2 SP1 + SQL Server 2012 Standard', '2012-07-30T20:41:02Z', 80, 2048, 'MANUAL', 'windows', '2008r2'],
  ['78471b1f-b45f-4f8a-bb45-64406978043a', 'Ubuntu 10.04 LTS (Lucid Lynx)', '2012-08-01T00:37:12Z', 10, 512, 'AUTO', 'ubuntu', '10.04'],
  ['f8c2c86d-3f0c-42bf-b13d-fd4dbcf1d07d', 'Windows Server 2012', '2012-09-17T23:11:25Z', 40, 1024, 'MANUAL', 'windows', '2012'],
  ['5a41cd5b-3758-48d9-9eda-6026a4863ec2', 'Gentoo 12.3', '2012-09-27T15:05:10Z', 10, 256, 'AUTO', 'gentoo', '12.3'],
  ['85155014-9e93-4760-abeb-251c11868ca6', 'Arch 2012.08', '2012-09-27T20:55:53Z', 10, 256, 'AUTO', 'arch', '2012.08'],
  ['7bda2994-75e2-46a9-b232-e03aa2cb3602', 'CentOS 5.8', '2012-10-02T16:14:49Z', 10, 256, 'AUTO', 'centos', '5.8'],
  ['37b5a5cb-b488-491f-a229-0f03850e41ee', 'Windows Server 2012 (with updates)', '2012-10-08T18:40:14Z', 40, 1024, 'MANUAL', 'windows', '2012'],
  ['4aa90fd9-f889-48ee-a58e-7789745ce717', 'Windows Server 2012 + SQL Server 2012 Standard', '2012-10-08T22:37:21Z', 80, 2048, 'MANUAL', 'windows', '2012'],
  ['51514cfe-f503-4078-a608-e53d206c46fe', 'Windows Server 2012 + SQL Server 2012 Web', '2012-10-09T11:55:45Z', 80, 2048, 'MANUAL', 'windows', '2012'],
  ['dfb7200b-f9e8-4eef-8423-5729e606fbfb', 'Windows Server 2012 (with updates) + SQL Server 2012 Standard', '2012-10-09T13:23:23Z', 80, 2048, 'MANUAL', 'windows', '2012'],
  ['001f9de0-af39-4992-babc-f73406287c26', 'Windows Server 2012 (with updates) + SQL Server 2012 Web', '2012-10-09T14:51:22Z', 80, 2048, 'MANUAL', 'windows', '2012'],
  ['efef8ec1-acc7-4e2a-b680-f36efa088af9', 'Windows Server 2008 R2 SP1 (with updates)', '2012-10-11T22:03:23Z', 40, 1024, 'MANUAL', 'windows', '2008r2'],
  ['dee9cd4f-b895-4ef5-a0b3-58b0163095f1', 'Ubuntu 12.04 LTS (Precise Pangolin)', '2012-10-12T13:05:57Z', 10, 256, 'AUTO', 'ubuntu', '12.04'],
  ['68b17f73-e8a3-4ce2-a6f1-3757c710b715', 'Red Hat Enterprise Linux 6.1', '2012-10-13T16:43:57Z', 0, 256, 'AUTO', 'rhel', '6.1'],
  ['08340b8a-239c-400e-bdcd-fa428170bf0e', 'CentOS 6.0', '2012-10-13T16:53:56Z', 10, 256, 'AUTO', 'centos', '6.0'],
];

/** How long after its creation a base image became ACTIVE. */
const SETTLED_MS = 60_000;

/** The guide's base images as records, numbered from `sequence` on. */
export function baseImages(sequence: number): ImageRecord[] {
  return ROWS.map(([id, name, date, minDisk, minRam, diskConfig, os, version], index) => ({
    id,
    sequence: sequence + index,
    created: Date.parse(date),
    name,
    tenantId: null,
    serverId: null,
    minDisk,
    minRam,
    diskConfig,
    metadata: metadataOf(os, version, diskConfig),
    updated: Date.parse(date) + SETTLED_MS,
    status: 'ACTIVE',
    saving: null,
    progress: 100,
    fault: null,
  }));
}

function metadataOf(os: string, version: string, diskConfig: DiskConfig): Metadata {
  return {
    arch: 'x86-64',
    auto_disk_config: diskConfig === 'AUTO' ? 'True' : 'False',
    image_type: 'base',
    os_distro: os,
    os_type: os === 'windows' || os === 'freebsd' ? os : 'linux',
    os_version: version,
  };
}
