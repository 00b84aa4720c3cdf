import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/property-seed.ts'],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // What is waited for comes when it comes: a machine under load may take many times as long as one that is not.
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // Many a test waits more than it works: on two processors two files go side by side.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
