import Glibc

/// The programs that were built together with the tests.
public enum Products {
  /// The folder of the test bundle, in which SwiftPM puts every product.
  public static let folder: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    precondition(length > 0, "no /proc/self/exe")
    let path = String(decoding: buffer[..<length], as: UTF8.self)
    return path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
  }()

  public static func path(of product: String) -> String {
    let path = "\(folder)/\(product)"
    precondition(access(path, X_OK) == 0, "\(path) has not been built")
    return path
  }
}
