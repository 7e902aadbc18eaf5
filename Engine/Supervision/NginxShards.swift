import Settings

/// What nginx knows of shards: a group of workers for each, a second one for second chances, and by
/// the placement of new symbols a guess where a path's symbol is. A wrong one costs a hop.
enum NginxShards {
  static func pools(_ settings: Settings) -> String {
    let groups = settings.shards.pools.enumerated().map { group($0, $1) }
    let paths = map(settings.placement, used: settings.usedShards)
    return (["  # -- Shards."] + groups + [paths, metrics(groups.count)]).joined(separator: "\n\n")
  }

  /// Each shard has figures of its own: what is scraped must not be now this one's, now that one's.
  /// Which one is asked is nothing that workers know.
  private static func metrics(_ count: Int) -> String {
    let shards = (1..<count).map { "    \($0) shard_\($0);" }
    let pool = ["  map $arg_shard $metrics_pool {", "    default shard_0;"] + shards + ["  }"]
    let uri = [
      "  map $uri $asked_uri {", "    default $request_uri;", "    /metrics /metrics;", "  }",
    ]
    return (pool + [""] + uri).joined(separator: "\n")
  }

  /// A shard that fails is asked again like the rest, but not the others: they have no answer.
  static let locations = """

        # Any worker takes any request. One whose shard has not got the symbol says which one has,
        # and how often the request was sent on by then; it goes there as it came.
        set $hops "";
        fastcgi_param OUTCRY_HOPS $hops if_not_empty;

        location @shard {
          set $hops $upstream_http_x_outcry_hops;
          set $shard $upstream_http_x_outcry_shard;
          error_page 502 504 = @shard_again;
          fastcgi_pass shard_$shard;
        }

        location @shard_again {
          error_page 500 502 503 504 /error;
          fastcgi_next_upstream error timeout invalid_header non_idempotent;
          fastcgi_next_upstream_timeout 10s;
          fastcgi_pass again_$shard;
        }
    """

  private static func group(_ number: Int, _ pool: [Address]) -> String {
    let servers = NginxConfiguration.servers(pool)
    return """
        upstream shard_\(number) {
          zone shard_\(number) 256k;
          least_conn;
          server \(servers);
          keepalive 512;
          keepalive_requests 2000;
          keepalive_timeout 10m;
        }

        upstream again_\(number) {
          zone again_\(number) 256k;
          least_conn;
          server \(servers);
          server \(servers);
        }
      """
  }

  /// Names come before ranges, as nginx takes the first expression that fits. By their hash it
  /// cannot tell symbols apart: those go to any worker, and so do those of a shard that may come.
  private static func map(_ placement: Placement, used: Int) -> String {
    var names: [String] = []
    var ranges: [String] = []
    for rule in placement.rules where rule.shard < used {
      switch rule.subject {
      case .name(let name):
        names.append(line("\(name.replacing(".", with: "\\."))(/|$)", rule.shard))
      case .range(let first, let last):
        let letters = "\(Unicode.Scalar(first))-\(Unicode.Scalar(last))"
        ranges.append(line("[\(letters)]", rule.shard))
      }
    }
    return (["  map $uri $pool_of_path {", "    default workers;"] + names + ranges + ["  }"])
      .joined(separator: "\n")
  }

  private static func line(_ name: String, _ shard: Int) -> String {
    #"    "~^/api/(admin/symbols|book|candles|ticker|trades)/\#(name)" shard_\#(shard);"#
  }
}
