// What is left out of packages in dist/, for each start would wait for it in vain.

/**
 * undici as far as src/ and @fastify/reply-from have use of it: it comes with all that browsers have (fetch, WebSockets, cookies),
 * which loads the like of it from Node, too.
 */
const UNDICI = `
const { getGlobalDispatcher } = require('undici/lib/global.js');
const util = require('undici/lib/core/util.js');
const Dispatcher = require('undici/lib/dispatcher/dispatcher.js');
Dispatcher.prototype.request = require('undici/lib/api/api-request.js');
module.exports = {
  Dispatcher,
  getGlobalDispatcher,
  Agent: require('undici/lib/dispatcher/agent.js'),
  BalancedPool: require('undici/lib/dispatcher/balanced-pool.js'),
  buildConnector: require('undici/lib/core/connect.js'),
  Client: require('undici/lib/dispatcher/client.js'),
  errors: require('undici/lib/core/errors.js'),
  Pool: require('undici/lib/dispatcher/pool.js'),
  util: { parseHeaders: util.parseHeaders },
};
`;

/** Node's own by way of require: an import reads all that it has, a WebSocket among it, for which Node loads an undici of its own. */
const HTTP = `module.exports = require('node:http');`;

/** esbuild's plugin. */
export const leanPackages = {
  name: 'lean-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ resolveDir }) => ({
      path: 'undici',
      namespace: 'lean',
      pluginData: resolveDir,
    }));
    onResolve({ filter: /^node:http$/ }, ({ kind, resolveDir }) =>
      kind === 'import-statement' ? { path: 'http', namespace: 'lean', pluginData: resolveDir } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lean' }, ({ path, pluginData }) => ({
      contents: path === 'http' ? HTTP : UNDICI,
      resolveDir: pluginData,
    }));
  },
};
