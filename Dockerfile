# One static binary and the certificates it needs to trust Alibaba Cloud and the chats; no shell, no root.
#
#   docker build -t twokey .
#   docker run --restart always -v twokey:/data -v "$PWD/twokey.yaml:/etc/twokey/twokey.yaml:ro" twokey serve --config /etc/twokey/twokey.yaml
#   docker run --network host twokey demo            (the demo listens on loopback only)
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/twokey ./cmd/twokey \
    && mkdir -m 0700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/twokey /twokey
# The store, and everything temporary, so that the rest may be mounted read-only.
COPY --from=build --chown=65532:65532 /out/data /data
ENV TMPDIR=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENTRYPOINT ["/twokey"]
