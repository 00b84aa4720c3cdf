import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditRecord, auditLine, createAuditLog } from '../../../src/access/audit.ts';
import { type OpenFile, openAuditFile } from '../../../src/access/audit-file.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { createGate } from '../../support/gate.ts';

const RECORD: AuditRecord = {
  event: 'write',
  timeMs: Date.parse('2026-01-01T00:00:00.123Z'),
  client: 'billing',
  key: 'billing-0',
  address: '203.0.113.7',
  account: 'main',
  region: 'DFW',
  service: 'compute',
  operation: 'deleteServer',
  method: 'DELETE',
  resource: '5f2c',
  status: 204,
  requestId: 'req-1',
  waitMs: 12,
};

describe('a line of the audit log', () => {
  it('says who did what', () => {
    expect(auditLine(RECORD)).toBe(
      '{"time":"2026-01-01T00:00:00.123Z","event":"write","client":"billing","key":"billing-0","address":"203.0.113.7","account":"main","region":"DFW","service":"compute","operation":"deleteServer","method":"DELETE","resource":"5f2c","status":204,"requestId":"req-1","waitMs":12}\n',
    );
  });

  it('leaves out what there is nothing to say about', () => {
    const refusal = { ...RECORD, event: 'refusal', client: '', key: '', resource: '', waitMs: 0 } as const;
    expect(JSON.parse(auditLine({ ...refusal, status: 401, reason: 'unknown-key' }))).toEqual({
      time: '2026-01-01T00:00:00.123Z',
      event: 'refusal',
      address: '203.0.113.7',
      account: 'main',
      region: 'DFW',
      service: 'compute',
      operation: 'deleteServer',
      method: 'DELETE',
      status: 401,
      requestId: 'req-1',
      waitMs: 0,
      reason: 'unknown-key',
    });
  });

  it('is one line, whatever a caller has put into an id, and not endless', () => {
    const line = auditLine({ ...RECORD, resource: `a\n{"event":"login"}\r\u2028${'x'.repeat(10_000)}` });
    expect(line.split('\n')).toHaveLength(2);
    expect(JSON.parse(line).resource).toHaveLength(256);
  });
});

describe('the file of the audit log', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-audit-'));
    file = join(folder, 'audit.log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const lines = (path = file) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const numbered = (from: number, count: number) => Array.from({ length: count }, (_, at) => `${from + at}`);

  function observer() {
    const seen: string[] = [];
    let lost = 0;
    return {
      seen,
      lostLines: () => lost,
      failing: (code: string) => void seen.push(`failing ${code}`),
      recovered: () => void seen.push('recovered'),
      lost: (count: number) => {
        lost += count;
      },
    };
  }

  it('is appended to, in order, and is not for everybody’s eyes', async () => {
    for (const from of [0, 1_000]) {
      const sink = await openAuditFile(file, new FakeClock(), observer());
      for (const number of numbered(from, 1_000)) sink.write(`${number}\n`);
      await sink.close();
    }
    expect(lines()).toEqual(numbered(0, 2_000));
    expect(statSync(file).mode & 0o007).toBe(0);
  });

  it('is opened anew after it was renamed, and no line is lost or doubled', async () => {
    const sink = await openAuditFile(file, new FakeClock(), observer());
    sink.write('0\n');
    await sink.reopen();
    renameSync(file, `${file}.1`);
    sink.write('1\n');
    sink.write('2\n');
    await sink.reopen();
    sink.write('3\n');
    await sink.close();
    expect([...lines(`${file}.1`), ...lines()]).toEqual(numbered(0, 4));
    expect(lines()).toContain('3');
  });

  it('must be there when the gateway starts', async () => {
    await expect(openAuditFile(join(folder, 'no', 'x'), new FakeClock(), observer())).rejects.toThrow(
      /ENOENT/,
    );
  });

  it('is gone on with under its old name while the new one cannot be opened', async () => {
    const seen = observer();
    let isBroken = false;
    const sink = await openAuditFile(file, new FakeClock(), seen, (...args) =>
      isBroken ? Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })) : open(...args),
    );
    isBroken = true;
    await sink.reopen();
    sink.write('0\n');
    await sink.close();
    expect(lines()).toEqual(['0']);
    expect(seen.seen).toEqual(['failing EACCES', 'recovered']);
  });

  it('is written to at once for a line that comes alone, and once for many that come in a few ms', async () => {
    const clock = new FakeClock();
    const written: string[] = [];
    const counting: OpenFile = async () =>
      ({
        async write(bytes: Buffer) {
          written.push(bytes.toString());
          return { bytesWritten: bytes.length, buffer: bytes };
        },
        close: async () => {},
      }) as unknown as Awaited<ReturnType<OpenFile>>;
    const sink = await openAuditFile(file, clock, observer(), counting);
    sink.write('alone\n');
    await settle();
    expect(written).toEqual(['alone\n']);
    for (const number of numbered(0, 40)) {
      sink.write(`${number}\n`);
      await clock.advance(0.1);
    }
    await clock.advance(1);
    expect(written.slice(1)).toEqual([`${numbered(0, 40).join('\n')}\n`]);
    await clock.advance(1_000);
    sink.write('alone again\n');
    await settle();
    expect(written.slice(2)).toEqual(['alone again\n']);
    // Whoever ends or rotates it does not wait.
    sink.write('first\n');
    await sink.reopen();
    sink.write('last\n');
    await sink.close();
    expect(written.slice(3)).toEqual(['first\n', 'last\n']);
    expect(clock.pending).toBe(0);
  });

  it('waits for a full disk without losing or doubling anything, and says so once', async () => {
    const clock = new FakeClock();
    const seen = observer();
    const written: string[] = [];
    let room = 3;
    const full: OpenFile = async () =>
      ({
        async write(bytes: Buffer) {
          if (room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
          const bytesWritten = Math.min(room, bytes.length);
          room -= bytesWritten;
          written.push(bytes.subarray(0, bytesWritten).toString());
          return { bytesWritten, buffer: bytes };
        },
        close: async () => {},
      }) as unknown as Awaited<ReturnType<OpenFile>>;
    const sink = await openAuditFile(file, clock, seen, full);
    sink.write('first\n');
    sink.write('zweiter Satz mit ü\n');
    await clock.advance(5_000);
    expect(written.join('')).toBe('fir');
    expect(seen.seen).toEqual(['failing ENOSPC']);
    room = 1_000;
    sink.write('third\n');
    await clock.advance(1_000);
    await sink.close();
    expect(written.join('')).toBe('first\nzweiter Satz mit ü\nthird\n');
    expect(seen.seen).toEqual(['failing ENOSPC', 'recovered']);
  });

  it('writes a line that was torn by a full disk as a whole into the new file', async () => {
    const clock = new FakeClock();
    const files: Buffer[] = [];
    let room = 21;
    const full: OpenFile = async () => {
      const at = files.push(Buffer.alloc(0)) - 1;
      return {
        async write(bytes: Buffer) {
          if (room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
          const bytesWritten = Math.min(room, bytes.length, 7);
          room -= bytesWritten;
          files[at] = Buffer.concat([files[at]!, bytes.subarray(0, bytesWritten)]);
          return { bytesWritten, buffer: bytes };
        },
        close: async () => {},
      } as unknown as Awaited<ReturnType<OpenFile>>;
    };
    const sink = await openAuditFile(file, clock, observer(), full);
    for (const line of ['äöüäöü', 'ßßßßßß', 'éééééé']) sink.write(`${line}\n`);
    await clock.advance(100);
    room = 1_000;
    const reopened = sink.reopen();
    await clock.advance(1_000);
    await reopened;
    await sink.close();
    expect(String(files[0])).toMatch(/^äöüäöü\nßßß/);
    expect(String(files[1])).toBe('ßßßßßß\néééééé\n');
  });

  it('keeps so much in memory and no more, and says in the log itself what is missing', async () => {
    const seen = observer();
    const gate = createGate();
    const written: string[] = [];
    const slow: OpenFile = async () =>
      ({
        async write(bytes: Buffer) {
          await gate.pass();
          written.push(bytes.toString());
          return { bytesWritten: bytes.length, buffer: bytes };
        },
        close: async () => {},
      }) as unknown as Awaited<ReturnType<OpenFile>>;
    const sink = await openAuditFile(file, new FakeClock(Date.parse('2026-01-01T00:00:00Z')), seen, slow);
    const line = `${'x'.repeat(1_023)}\n`;
    for (let count = 0; count < 20_000; count++) sink.write(line);
    const lost = seen.lostLines();
    expect(lost).toBeGreaterThan(2_000);
    gate.open();
    await settle();
    sink.write('last\n');
    await sink.close();
    const all = written.join('').split('\n');
    expect(all.filter((text) => text.startsWith('x'))).toHaveLength(20_000 - lost);
    expect(all.slice(-3)).toEqual([
      `{"time":"2026-01-01T00:00:00.000Z","event":"lost","lines":${lost}}`,
      'last',
      '',
    ]);
  });

  it('ends in time when the disk never takes another byte', async () => {
    const broken: OpenFile = async () =>
      ({
        write: () => Promise.reject(Object.assign(new Error('no'), { code: 'EIO' })),
        close: () => Promise.reject(new Error('no')),
      }) as unknown as Awaited<ReturnType<OpenFile>>;
    const clock = new FakeClock();
    const seen = observer();
    const sink = await openAuditFile(file, clock, seen, broken);
    sink.write('0\n');
    await settle();
    sink.write('1\n');
    await sink.close();
    expect(clock.pending).toBe(0);
    expect(seen.lostLines()).toBe(2);
  });
});

describe('where the audit log goes', () => {
  async function sinksOf(settings: { file: string | null; stdout: boolean }) {
    const written: string[] = [];
    const audit = await createAuditLog(
      settings,
      async (path) => ({
        write: () => void written.push(path),
        reopen: async () => void written.push('reopened'),
        close: async () => void written.push('closed'),
      }),
      { stdout: () => void written.push('stdout'), log: () => void written.push('log') },
    );
    audit.record(RECORD);
    await audit.reopen();
    await audit.close();
    return written;
  }

  it.each([
    [null, false, ['log']],
    ['audit.log', false, ['audit.log', 'reopened', 'closed']],
    [null, true, ['stdout']],
    ['audit.log', true, ['audit.log', 'stdout', 'reopened', 'closed']],
  ])('with file %j and stdout %j: %j', async (file, stdout, written) => {
    expect(await sinksOf({ file, stdout })).toEqual(written);
  });

  it('is not begun without its file', async () => {
    const failing = createAuditLog({ file: 'x', stdout: false }, () => Promise.reject(new Error('ENOENT')), {
      stdout: () => {},
      log: () => {},
    });
    await expect(failing).rejects.toThrow('ENOENT');
  });
});
