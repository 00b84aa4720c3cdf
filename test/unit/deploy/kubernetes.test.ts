import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { checkTree } from '../../../src/config/load.ts';
import { isRecord, type Tree } from '../../../src/settings/tree.ts';

const folder = fileURLToPath(new URL('../../../deploy/kubernetes/', import.meta.url));

/** A manifest, with the file it is in. */
interface Manifest {
  readonly file: string;
  readonly document: Tree & { kind: string; apiVersion: string; metadata: { name: string }; spec: never };
}

const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const manifests: Manifest[] = files
  .filter((name) => name !== 'kustomization.yaml')
  .flatMap((file) =>
    parseAllDocuments(readFileSync(folder + file, 'utf8')).map((one) => ({ file, document: one.toJS() })),
  );
const manifest = (kind: string, name = 'sluice') =>
  manifests.find(({ document }) => document.kind === kind && document.metadata.name === name)!
    .document as never as {
    spec: { [name: string]: never };
    data: Record<string, string>;
  };

/** The schemas that Kubernetes and the Prometheus operator publish, compiled: npm's kubernetes-models. */
type Validate = ((document: unknown) => boolean) & {
  errors?: readonly { instancePath: string; message?: string }[];
};
const require = createRequire(import.meta.url);
function schemaOf(library: string, name: string): Validate {
  const root = dirname(require.resolve(`${library}/package.json`, { paths: [process.cwd()] }));
  return (require(join(root, '_schemas', `${name}.js`)) as { validate: Validate }).validate;
}
const SCHEMAS: Readonly<Record<string, Validate>> = {
  'v1 ConfigMap': schemaOf('kubernetes-models', 'IoK8sApiCoreV1ConfigMap'),
  'v1 ServiceAccount': schemaOf('kubernetes-models', 'IoK8sApiCoreV1ServiceAccount'),
  'v1 Service': schemaOf('kubernetes-models', 'IoK8sApiCoreV1Service'),
  'apps/v1 Deployment': schemaOf('kubernetes-models', 'IoK8sApiAppsV1Deployment'),
  'policy/v1 PodDisruptionBudget': schemaOf('kubernetes-models', 'IoK8sApiPolicyV1PodDisruptionBudget'),
  'networking.k8s.io/v1 NetworkPolicy': schemaOf('kubernetes-models', 'IoK8sApiNetworkingV1NetworkPolicy'),
  'monitoring.coreos.com/v1 ServiceMonitor': schemaOf(
    '@kubernetes-models/prometheus-operator',
    'MonitoringCoreosComV1ServiceMonitor',
  ),
};

/** What a schema has against a document: an API server would drop a field that no schema asks for without a word. */
function problemsOf(validate: Validate, document: unknown): string[] {
  const asked = new Set<string>();
  const watched = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    return new Proxy(value, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key);
        if (typeof key !== 'string' || !Object.hasOwn(target, key)) return member;
        asked.add(`${path}/${key}`);
        return watched(member, `${path}/${key}`);
      },
    });
  };
  const isValid = validate(watched(document, ''));
  const errors = isValid ? [] : (validate.errors ?? []).map((error) => JSON.stringify(error));
  return [
    ...errors,
    ...pathsOf(document, '')
      .filter((path) => !asked.has(path))
      .map((path) => `${path} is unknown`),
  ];
}

function pathsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((member, at) => pathsOf(member, `${path}/${at}`));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    `${path}/${key}`,
    ...pathsOf(member, `${path}/${key}`),
  ]);
}

describe('the manifests for Kubernetes', () => {
  it.each(manifests.map(({ file, document }) => [file, document.kind, document] as const))(
    '%s: %s is what the published schema says',
    (_file, kind, document) => {
      const validate = SCHEMAS[`${document.apiVersion} ${kind}`];
      expect(validate, 'a schema is missing here').toBeDefined();
      expect(problemsOf(validate!, document)).toEqual([]);
    },
  );

  it('would be found out: a number that is text, a field that is none', () => {
    const wrong = structuredClone(manifest('Deployment')) as unknown as {
      spec: { replicas: unknown; template: { spec: { containers: Tree[] } } };
    };
    wrong.spec.replicas = 'three';
    wrong.spec.template.spec.containers[0]!['imagePullPolice'] = 'Always';
    const problems = problemsOf(SCHEMAS['apps/v1 Deployment']!, wrong);
    expect(problems.join('\n')).toMatch(/\/spec\/replicas/);
    expect(problems).toContain('/spec/template/spec/containers/0/imagePullPolice is unknown');
  });

  it('are those that kustomize applies', () => {
    const { resources } = parse(readFileSync(`${folder}kustomization.yaml`, 'utf8')) as {
      resources: string[];
    };
    expect([...resources, 'kustomization.yaml'].sort()).toEqual(files.sort());
  });

  it('run as nobody, write nothing and hold no secret', () => {
    const { template } = manifest('Deployment').spec as unknown as {
      template: { spec: { containers: [{ securityContext: object }]; securityContext: object } };
    };
    expect(template.spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(template.spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(manifests.map(({ document }) => document.kind)).not.toContain('Secret');
  });

  it('select each other, by names of ports that there are', () => {
    const labels = { 'app.kubernetes.io/name': 'sluice' };
    const deployment = manifest('Deployment').spec as unknown as {
      template: { metadata: { labels: object }; spec: { containers: [{ ports: { name: string }[] }] } };
    };
    expect(deployment.template.metadata.labels).toEqual(labels);
    const names = deployment.template.spec.containers[0].ports.map(({ name }) => name);
    for (const name of ['sluice', 'sluice-operators']) {
      const { selector, ports } = manifest('Service', name).spec as unknown as {
        selector: object;
        ports: { targetPort: string }[];
      };
      expect(selector).toEqual(labels);
      for (const { targetPort } of ports) expect(names).toContain(targetPort);
    }
    const monitor = manifest('ServiceMonitor').spec as unknown as {
      selector: { matchLabels: Record<string, string> };
    };
    const operators = manifests.find(
      ({ document }) => document.metadata.name === 'sluice-operators',
    )!.document;
    expect(operators.metadata).toMatchObject({ labels: monitor.selector.matchLabels });
  });

  it('serve a configuration that is good with the secrets of docs/installation.md', () => {
    const work = mkdtempSync(join(tmpdir(), 'sluice-kubernetes-'));
    try {
      mkdirSync(join(work, 'sluice'));
      mkdirSync(join(work, 'sluice-keys'));
      for (const name of ['api-key', 'token-key', 'signing-key'])
        writeFileSync(join(work, 'sluice', name), 'k'.repeat(64));
      const text = manifest('ConfigMap').data['sluice.yaml']!.replaceAll('/run/secrets', work);
      const env = {
        OPERATORS_TOKEN: 'a token of operators',
        REDIS_URL: 'redis://redis:6379',
        RAX_USERNAME: 'u',
      };
      expect(checkTree(parse(text) as Tree, env, work)).toMatchObject({
        config: {
          limits: { instances: (manifest('Deployment').spec as unknown as { replicas: number }).replicas },
        },
        warnings: [],
      });
    } finally {
      rmSync(work, { recursive: true });
    }
  });
});
