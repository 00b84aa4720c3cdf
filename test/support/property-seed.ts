import fc from 'fast-check';

// Property tests draw the same inputs every time: what passes for whoever wrote a change passes for everybody.
// `PROPERTY_SEED=N npx vitest run FILE` draws others, and `npm run fuzz` looks for what nobody has met yet.
fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 2026) });
