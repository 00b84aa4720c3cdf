# syntax=docker/dockerfile:1
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
RUN npm run build

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY config ./config
# A container is reached from outside it; who else may is the network's business. A gateway that is `open` to other
# machines says so in its configuration (access.allowRemoteOpen), never by this image.
# The operators' listener is reached from outside once it has a token (SLUICE_ADMIN_HOST=0.0.0.0, SLUICE_ADMIN_TOKEN).
ENV SLUICE_LISTEN_HOST=0.0.0.0
USER node
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.SLUICE_ADMIN_PORT ?? 8081) + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli.js"]
# The configuration is mounted there; without one the container ends at once and says so.
CMD ["serve", "-c", "/etc/sluice/sluice.yaml"]
