/** How a region behaves. Durations in seconds of the region's clock; 0 means at once. */
export interface RegionSettings {
  /** Name of the region, as the catalog has it (`DFW`). */
  name: string;
  /** Seed of ids, passwords and hosts; null: different in every run. */
  seed: number | null;
  /** How long a build or rebuild takes. */
  buildSeconds: number;
  /** How long any other server action takes. */
  actionSeconds: number;
  /** How long an image stays SAVING. */
  imageSeconds: number;
  /** A resize that nobody confirms confirms itself (guide section 2.3.5: 24 hours). */
  confirmResizeAfterSeconds: number;
  /** How long a server may be in rescue mode (guide section 2.3.7: 90 minutes). */
  rescueSeconds: number;
  /** A shorter administrator password puts its server in ERROR (guide section 2.1.2.1). 0 to 12; 0: any will do. */
  minPasswordLength: number;
  /** How long deleted servers and images appear to `changes-since` (guide section 1.7: 30 days). */
  deletedKeptSeconds: number;
  /** Largest page (guide section 1.6: 1000). */
  maxPageSize: number;
  /** 200: what real servers answer to an attached volume and clients insist on; 202: what the guide says. */
  attachVolumeStatus: 200 | 202;
  /** `network`: `GET …/ips/{network}` as the guide's Example 2.26; `named`: the form real servers send. */
  networkForm: 'named' | 'network';
  /** Absolute limits (guide Table 1.4); -1: none. */
  absolute: Record<string, number>;
  /** Absolute limits of single tenants, over `absolute`. */
  absoluteByTenant: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** True: there is no room for new, rebuilt or resized servers (503 serverCapacityUnavailable). */
  scarcity: boolean;
  /** True: the image service cannot be reached, and what needs it is a computeFault (500). */
  imagesDown: boolean;
  /** The same of block storage. */
  volumesDown: boolean;
  /** True: the region's own database cannot be reached, and all that needs it is a computeFault (500). */
  databaseDown: boolean;
}

/** The guide's numbers; durations short enough to wait for. */
export const defaultRegionSettings: RegionSettings = {
  name: 'DFW',
  seed: null,
  buildSeconds: 20,
  actionSeconds: 8,
  imageSeconds: 15,
  confirmResizeAfterSeconds: 24 * 3600,
  rescueSeconds: 90 * 60,
  minPasswordLength: 0,
  deletedKeptSeconds: 30 * 24 * 3600,
  maxPageSize: 1000,
  attachVolumeStatus: 200,
  networkForm: 'named',
  absolute: {
    maxImageMeta: 20,
    maxPersonality: 6,
    maxPersonalitySize: 10240,
    maxServerMeta: 20,
    maxTotalCores: -1,
    maxTotalFloatingIps: 5,
    maxTotalInstances: 100,
    maxTotalKeypairs: 100,
    maxTotalPrivateNetworks: 0,
    maxTotalRAMSize: 66560,
    maxTotalVolumeGigabytes: -1,
    maxTotalVolumes: 0,
  },
  absoluteByTenant: {},
  scarcity: false,
  imagesDown: false,
  volumesDown: false,
  databaseDown: false,
};
