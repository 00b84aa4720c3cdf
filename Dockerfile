# syntax=docker/dockerfile:1
# Node's current LTS. The digest is that of the index for all platforms: to follow a new release, look it up with
# `docker buildx imagetools inspect node:24-bookworm-slim` and change tag and digest together.
ARG NODE=node:24.21.0-bookworm-slim@sha256:2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
RUN npm run build

FROM ${NODE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${NODE}
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
# By number, so that an orchestrator sees that it is not root. Nothing is written: the root may be read-only.
USER 1000:1000
EXPOSE 8080 8081
# It finds the ports in the configuration. A container with another file has a health check of its own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "dist/cli.js", "health", "-c", "/etc/sluice/sluice.yaml"]
ENTRYPOINT ["node", "dist/cli.js"]
# The configuration is mounted there; without one the container ends at once and says so.
CMD ["serve", "-c", "/etc/sluice/sluice.yaml"]
