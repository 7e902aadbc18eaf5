import Glibc

/// What a figure was measured on.
public struct Machine: Equatable, Sendable {
  public var name: String
  public var cores: Int
  public var processor: String
  public var memoryBytes: Int
  public var kernel: String

  /// The one this program runs on.
  public static var this: Machine {
    var system = utsname()
    uname(&system)
    func text<Field>(_ field: Field) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return Machine(
      name: text(system.nodename), cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
      processor: processorName() ?? text(system.machine),
      memoryBytes: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)),
      kernel: text(system.release))
  }

  private static func processorName() -> String? {
    guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
      return String(text[text.index(after: colon)...].filter { $0 != "\n" }.drop { $0 == " " })
    }
    return nil
  }

  public var line: String {
    "\(cores) x \(processor), \(memoryBytes >> 30) GiB, Linux \(kernel)"
  }

  var json: JSON {
    [
      "name": .text(name), "cores": .int(cores), "processor": .text(processor),
      "memoryBytes": .int(memoryBytes), "kernel": .text(kernel),
    ]
  }

  init?(_ json: JSON) {
    guard let name = json["name"]?.text, let cores = json["cores"]?.int,
      let processor = json["processor"]?.text, let memoryBytes = json["memoryBytes"]?.int,
      let kernel = json["kernel"]?.text
    else { return nil }
    self.init(
      name: name, cores: cores, processor: processor, memoryBytes: memoryBytes, kernel: kernel)
  }

  private init(name: String, cores: Int, processor: String, memoryBytes: Int, kernel: String) {
    self.name = name
    self.cores = cores
    self.processor = processor
    self.memoryBytes = memoryBytes
    self.kernel = kernel
  }
}
