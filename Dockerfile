# Builds centime, then keeps the binary alone.
FROM rust:1.95-bookworm AS build
WORKDIR /centime
COPY . .
RUN cargo build --release --locked --bin centime && strip target/release/centime

FROM debian:bookworm-slim
RUN useradd --system --create-home --home-dir /data centime
COPY --from=build /centime/target/release/centime /usr/local/bin/centime
USER centime
WORKDIR /data
VOLUME /data
ENV CENTIME_DATA_DIR=/data
EXPOSE 8000
ENTRYPOINT ["centime"]
CMD ["serve"]
