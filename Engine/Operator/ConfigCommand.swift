import Glibc
import Settings
import Supervision

extension Commands {
  static let config = Command(
    name: "config", summary: "check the configuration, show what holds, print an example",
    help: """
      usage: outcry config check [--state FOLDER]
             outcry config show [--state FOLDER]
             outcry config example
             outcry config nginx [--html FOLDER] [--build FOLDER] [--nchan PATH] [--state FOLDER]

      Each setting has a name such as workers. It is taken from the environment (OUTCRY_WORKERS),
      else from the configuration file (`workers = 4`), else it has its default. The file is the
      one that OUTCRY_CONFIG names, or outcry.conf in the state folder.

        check    tells everything that is wrong, unknown names included; exit status 78 then
        show     every setting, its value and where that comes from; passwords are hidden.
                 While the exchange runs: as it was started, with the file as it is now
        example  a file with every setting, its meaning and its default
        nginx    nginx's configuration with these settings, for an nginx of yours or a container;
                 --html says where it finds the pages, --build what .ci/page has fetched for
                 them, --nchan the module nchan
      """
  ) { arguments in
    let place = try Place(&arguments)
    let action = arguments.operand()
    let html = try arguments.option("--html")
    let build = try arguments.option("--build")
    let nchan = try arguments.option("--nchan")
    try arguments.end()
    switch action {
    case "check": check(place)
    case "show": show(place)
    case "example": print(Settings.exampleFile, terminator: "")
    case "nginx": print(try nginx(place, html, build, nchan), terminator: "")
    default:
      throw Usage("say what to do: outcry config check, or outcry config show", for: "config")
    }
  }

  private static func nginx(
    _ place: Place, _ html: String?, _ build: String?, _ nchan: String?
  ) throws -> String {
    let folder = try place.nginxFolder()
    let path = "\(folder)/outcry.conf.template"
    guard let template = Files.text(path) else { throw Failure("\(path) cannot be read") }
    return NginxConfiguration.text(
      template: template, settings: load(place).settings, html: html ?? "\(folder)/html",
      build: build ?? "\(folder)/../.build",
      nchan: nchan ?? Tools.nchan ?? "modules/\(Tools.nchanName)")
  }

  private static func check(_ place: Place) {
    let configuration = load(place).configuration
    let given = Settings.catalogue.map { configuration.source(of: $0.name) }
    let fromEnvironment = given.count { $0 == .environment }
    let fromFile = given.count { $0 != .environment && $0 != .standard }
    let file = configuration.file.map { "\($0): \(fromFile) settings" } ?? "no file"
    print("The configuration is right (\(file), \(fromEnvironment) from the environment).")
  }

  private static func show(_ place: Place) {
    let (configuration, settings) = load(place)
    var table = Table(["SETTING", "VALUE", "FROM"])
    for setting in Settings.catalogue where !setting.isEnvironmentOnly {
      let source =
        switch configuration.source(of: setting.name) {
        case .standard: "default"
        case .environment: setting.variable
        case .file(let line): "file, line \(line)"
        }
      table.add([setting.name, setting.shown(settings), source])
    }
    print("State folder: \(settings.stateDirectory)")
    print("Configuration file: \(configuration.file ?? "none")\n")
    print(table.text)
  }

  /// Ends the program with the status that sysexits.h has for it when something is wrong.
  private static func load(_ place: Place) -> (configuration: Configuration, settings: Settings) {
    do throws(Settings.Problems) {
      guard let folder = StateFolder(existing: place.statePath) else {
        var environment = Settings.processEnvironment()
        environment["OUTCRY_STATE_DIR"] = place.statePath
        let configuration = try Configuration.load(environment: environment)
        return (configuration, configuration.settings)
      }
      let environment = place.environment(of: folder)
      let configuration = try Stack.configuration(of: folder, environment: environment)
      return (configuration, Stack.settings(of: configuration, in: folder))
    } catch {
      for problem in error.list { printError(problem) }
      exit(78)
    }
  }
}
