import Glibc
import SignalboxCore
@testable import SignalboxRuntime
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A sweeper` {
    @Test func `ends children that made sessions of their own, of many commands together`() async throws {
        let (swept, strays) = try await onThread {
            let sweeper = try Sweeper()
            var commands: [String: (process: CommandProcess, strays: [ProcessWatch])] = [:]
            for number in 1...20 {
                let id = "sweep-\(getpid())-\(number)"
                commands[id] = try start(id, "setsid sh -c 'echo $$; sleep 1000 & sleep 1000' & wait")
            }
            for (id, command) in commands {
                command.process.signalGroup(.kill)
                _ = try end(of: command.process)
                sweeper.sweep(
                    ProcessTree(runID: id, leader: command.process.identity), graceEnds: SystemClocks.bootTime())
            }
            return (try finished(sweeper, count: 20), try commands.values.flatMap(\.strays).map { try $0.hasEnded() })
        }
        #expect(Set(swept.map(\.runID)).count == 20)
        #expect(swept.allSatisfy { $0.survivors.isEmpty })
        #expect(strays.count == 20 && strays.allSatisfy { $0 })
    }

    @Test func `lets those that are left end in good order while the grace lasts`() async throws {
        let folder = Folder()
        let said = folder.path + "/said"
        let swept = try await onThread {
            let id = "sweep-\(getpid())-grace"
            let command = try start(
                id, "setsid sh -c 'trap \"echo bye >\(said); exit\" TERM; echo $$; while :; do sleep 0.01; done' & wait"
            )
            command.process.signalGroup(.kill)
            _ = try end(of: command.process)
            let sweeper = try Sweeper()
            let tree = ProcessTree(runID: id, leader: command.process.identity)
            sweeper.sweep(tree, graceEnds: SystemClocks.bootTime() + .seconds(600))
            return try finished(sweeper, count: 1)
        }
        #expect(swept.allSatisfy { $0.survivors.isEmpty })
        #expect(try contents(of: said) == "bye\n")
    }

    @Test func `kills those that do not when the grace is cut short`() async throws {
        let (swept, ended) = try await onThread {
            let id = "sweep-\(getpid())-cut"
            let command = try start(id, "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.01; done' & wait")
            command.process.signalGroup(.kill)
            _ = try end(of: command.process)
            let sweeper = try Sweeper()
            let tree = ProcessTree(runID: id, leader: command.process.identity)
            sweeper.sweep(tree, graceEnds: SystemClocks.bootTime() + .seconds(600))
            sweeper.sweep(tree, graceEnds: SystemClocks.bootTime())
            return (try finished(sweeper, count: 1), try command.strays[0].hasEnded())
        }
        #expect(swept.map(\.survivors) == [[]] && ended)
    }

    @Test func `finds nothing to do where all have ended, time and again`() async throws {
        let swept = try await onThread {
            let sweeper = try Sweeper()
            var swept: [Sweeper.Swept] = []
            for number in 1...3 {
                sweeper.sweep(
                    ProcessTree(runID: "sweep-\(getpid())-none-\(number)", leader: nil),
                    graceEnds: SystemClocks.bootTime())
                swept += try finished(sweeper, count: 1)
            }
            return swept
        }
        #expect(swept.count == 3)
    }
}

/// Starts a command that prints the number of a stray child.
private func start(
    _ id: String, _ line: String
) throws -> (process: CommandProcess, strays: [ProcessWatch]) {
    let process = try CommandProcess(shell(line, ours: [ProcessTree.runIDVariable: id]))
    let stray = try ProcessWatch(identity(printed: try nextText(process.output)))
    return (process, [try #require(stray)])
}

/// Waits until so many trees have been swept.
private func finished(_ sweeper: Sweeper, count: Int) throws -> [Sweeper.Swept] {
    let loop = try EventLoop<Int>()
    try loop.add(sweeper.wakeUp, token: 0)
    var swept: [Sweeper.Swept] = []
    while swept.count < count {
        _ = try loop.wait()
        swept += sweeper.takeSwept()
    }
    return swept
}
