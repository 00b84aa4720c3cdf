import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USER, simulatorSettings } from '../../src/simulator/config.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type CloudServer, type ComputeClient, createComputeClient } from './pkgcloud.ts';

/**
 * The main job, end to end: a real client whose auth URL is Sluice's works with a simulated cloud through the gateway,
 * and never learns of another address.
 */
describe('pkgcloud (provider rackspace), its auth URL replaced by Sluice’s', () => {
  let simulator: Simulator;
  let gateway: TestGateway;
  let client: ComputeClient;
  let upstreamUrl: string;

  beforeAll(async () => {
    simulator = createSimulator(simulatorSettings({ port: 0, timing: { buildSeconds: 60 } }));
    const { identityUrl, url } = await simulator.listen();
    upstreamUrl = url;
    const { username, apiKey } = DEMO_USER;
    gateway = await startGateway({ identityUrl, credentials: { username, apiKey } });
    // In open mode Sluice takes any credentials: these are not the upstream's.
    client = createComputeClient({ authUrl: gateway.url, username: 'team', apiKey: 'any', region: 'ORD' });
  });

  afterAll(async () => {
    await gateway?.close();
    await simulator?.close();
  });

  it('lists flavors, from the cache the second time', async () => {
    const flavors = await client.getFlavors();
    expect(flavors.length).toBeGreaterThanOrEqual(7);
    expect(await client.getFlavors()).toHaveLength(flavors.length);
    expect(simulator.control.count('GET', '/flavors/detail', 'ORD')).toBe(1);
  });

  it('lists images', async () => {
    const images = await client.getImages();
    expect(images.map(({ name }) => name)).toContain('Debian 6 (Squeeze)');
  });

  describe('a server', () => {
    let created: CloudServer;

    it('is created in the region that was asked for', async () => {
      const image = (await client.getImages()).find(({ name }) => name === 'Debian 6 (Squeeze)');
      created = await client.createServer({ name: 'end-to-end', flavor: '2', image: image!.id });
      expect(created.adminPass).toMatch(/.{8}/);
      expect((await client.getServer(created.id)).status).toBe('PROVISIONING');
      expect(simulator.control.countOperation('createServer', 'ORD')).toBe(1);
      expect(simulator.control.countOperation('createServer')).toBe(1);
    });

    it('is RUNNING once it is built', async () => {
      const running = client.waitFor(created, 'RUNNING');
      simulator.control.advance(61_000);
      expect((await running).status).toBe('RUNNING');
      const listed = await client.getServers();
      expect(listed.map(({ id, name }) => ({ id, name }))).toEqual([{ id: created.id, name: 'end-to-end' }]);
    });

    it('is spoken of with addresses of Sluice alone', async () => {
      const { port } = new URL(upstreamUrl);
      const base = `${gateway.url}/ord/v2/${DEMO_USER.tenant}`;
      for (const path of [
        '/servers/detail',
        `/servers/${created.id}`,
        '/flavors?limit=2',
        '/images/detail',
      ]) {
        const text = await (await fetch(base + path)).text();
        expect(text).toContain(`"${base}/`);
        expect(text).not.toContain(`:${port}/ord/`);
      }
    });

    it('is destroyed', async () => {
      await client.destroyServer(created.id);
      expect(simulator.control.countOperation('deleteServer', 'ORD')).toBe(1);
      expect(await client.getServers()).toEqual([]);
      await expect(client.getServer(created.id)).rejects.toThrow(/not found/i);
    });
  });

  it('cost the upstream one login and no refusal, and nobody a secret', async () => {
    expect(simulator.control.logins()).toBe(1);
    expect(simulator.control.rejected()).toBe(0);
    expect(await gateway.metric('sluice_upstream_overlimit_total')).toBe(0);
    expect(gateway.logText()).not.toContain(DEMO_USER.apiKey);
  });
});
