import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../test/support/certificates.ts';

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The certificate of all peers that speak TLS in this run: P-256, for 127.0.0.1. */
export function certificateFiles(folder: string): CertificateFiles {
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  if (!existsSync(files.certFile)) {
    const { cert, key } = makeCertificate({ name: '127.0.0.1', names: ['IP:127.0.0.1'] });
    writeFileSync(files.certFile, cert);
    writeFileSync(files.keyFile, key);
  }
  return files;
}
