/// The settings as text for people: the example file and the table of the README.
extension Settings {
  /// Every setting with its meaning and its default, commented out.
  public static var exampleFile: String {
    var text = """
      # The configuration of an exchange, with every setting at its default. To change some, copy
      # this file to `outcry.conf` in the state folder (.outcry), or anywhere else and name it in
      # OUTCRY_CONFIG, and remove the # before what you change. A variable of the environment, such
      # as OUTCRY_PORT, comes before what stands here. Relative paths begin at this file's folder.
      #
      # `outcry config check` says what is wrong with it, `outcry config show` what holds;
      # `outcry reload` lets nginx and the workers read it again, engines read it when they start.

      """
    for group in Setting.Group.allCases {
      text += "\n# -- \(group.rawValue) "
      text += String(repeating: "-", count: 92 - group.rawValue.count) + "\n"
      for setting in catalogue where setting.group == group && !setting.isEnvironmentOnly {
        text += "\n# \(setting.meaning)\n"
        let isText = setting.fallback.contains(" ") && setting.name != "trusted_addresses"
        text +=
          isText
          ? "# (default: \(setting.fallback))\n#\(setting.name) =\n"
          : "#\(setting.name) = \(setting.fallback)\n"
      }
    }
    return text
  }

  /// The rows of the table in the README.
  public static var tableRows: [String] {
    catalogue.map { setting in
      let isWord = setting.fallback.allSatisfy { !$0.isLetter } || setting.fallback.contains(" ")
      let fallback = isWord ? setting.fallback : "`\(setting.fallback)`"
      return "| `\(setting.variable)` | \(fallback) | \(setting.meaning) |"
    }
  }
}
