import Settings

/// The configuration in the repository with its placeholders filled in.
public enum NginxConfiguration {
  /// `html` is the folder of the pages, `build` that of what they load from others, `nchan` the
  /// path of that module.
  public static func text(
    template: String, settings: Settings, html: String, build: String, nchan: String
  ) -> String {
    let values =
      placeholders(settings) + [
        ("OUTCRY_HTML", html), ("OUTCRY_BUILD", build), ("OUTCRY_NCHAN_MODULE", nchan),
      ]
    return template.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      if line.hasPrefix("#") { return String(line) }
      return values.reduce(String(line)) { $0.replacing("${\($1.0)}", with: $1.1) }
    }.joined(separator: "\n")
  }

  private static func placeholders(_ settings: Settings) -> [(String, String)] {
    let shards = settings.shards.pools.prefix(settings.usedShards)
    let pools = shards.isEmpty ? [[settings.listen]] : Array(shards)
    // nginx has no word for "no limit", but numbers that nobody reaches.
    let addressRate = settings.addressRate == 0 ? 1_000_000 : settings.addressRate
    let loginRate = settings.loginRate == 0 ? 1_000_000 : settings.loginRate
    let connections = settings.addressConnections == 0 ? 65_535 : settings.addressConnections
    let trusted = settings.trustedAddresses.map { "\($0) 0;" }.joined(separator: " ")
    return [
      ("OUTCRY_PORT", String(settings.port)),
      ("OUTCRY_WORKERS_ADDRESS", servers(pools.flatMap(\.self))),
      ("OUTCRY_SHARD_POOLS", settings.isSharded ? NginxShards.pools(settings) : ""),
      ("OUTCRY_SHARD_LOCATIONS", settings.isSharded ? NginxShards.locations : ""),
      ("OUTCRY_API_POOL", settings.isSharded ? "$pool_of_path" : "workers"),
      ("OUTCRY_METRICS_POOL", settings.isSharded ? "$metrics_pool" : "workers"),
      ("OUTCRY_REQUEST_URI", settings.isSharded ? "$asked_uri" : "$request_uri"),
      ("OUTCRY_PUBLISH_SOCKET", settings.publishSocket),
      ("OUTCRY_TRUSTED_ADDRESSES", trusted),
      ("OUTCRY_ADDRESS_RATE", String(addressRate)),
      ("OUTCRY_ADDRESS_CONNECTIONS", String(connections)),
      ("OUTCRY_LOGIN_RATE", String(loginRate)),
      // A third of a minute's worth may come at once.
      ("OUTCRY_LOGIN_BURST", String(max(1, loginRate / 3))),
      ("OUTCRY_CLIENT_TIMEOUT", "\(settings.clientTimeoutSeconds)s"),
    ]
  }

  /// The addresses of an upstream, as they stand behind its first `server`. One of several that
  /// fails is left alone for a second.
  static func servers(_ addresses: [Address]) -> String {
    addresses.map { address in
      switch address {
      case .unix(let path): "unix:\(path)"
      case .tcp: address.description
      }
    }.joined(separator: " max_fails=3 fail_timeout=1s;\n    server ")
  }
}
