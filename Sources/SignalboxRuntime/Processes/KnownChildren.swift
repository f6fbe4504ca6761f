import CLinux
import Glibc
import SignalboxCore
import Synchronization

/// The children of this process that a ``CommandProcess`` stands for, so that collecting orphans cannot take the exit
/// of one of them away. A start happens under the lock: no child is seen before it is known.
enum KnownChildren {
    private static let numbers = Mutex<Set<Int32>>([])

    /// Starts a command with these descriptors as its 0, 1, 2 and 3.
    static func start(
        _ launch: CommandLaunch, _ descriptors: [Descriptor?]
    ) throws(CommandStartError) -> (identity: ProcessIdentity, descriptor: Descriptor) {
        var started = linux_started()
        let spare: SpareDescriptors
        do { spare = try SpareDescriptors() } catch {
            throw CommandStartError(.noResources, "cannot start a process: \(error)")
        }
        let limits = KernelLimit.list(launch.limits)
        let error = numbers.withLock { numbers in
            let error = startCommand(launch, descriptors, limits.map(\.limit), &started)
            if error == 0 { numbers.insert(started.pid) }
            return error
        }
        guard error == 0 else {
            let limit = started.failed_step == linux_start_limit ? limits[started.failed_limit].name : ""
            throw CommandStartError(launch, started.failed_step, error, limit: limit)
        }
        spare.letGo()
        // It is not collected yet, so the number is its own and /proc shows it, running or not.
        guard let identity = ProcessIdentity(pid: started.pid) else {
            preconditionFailure("/proc must be mounted: it does not show the child \(started.pid)")
        }
        return (identity, Descriptor(owning: started.pidfd))
    }

    /// How the child `pid` ended, which makes it known no more; nil while it runs.
    static func collect(_ pid: Int32) -> Outcome? {
        numbers.withLock { numbers in
            guard let outcome = collectChild(pid) else { return nil }
            numbers.remove(pid)
            return outcome
        }
    }

    /// Leaves the child `pid` to whoever collects the orphans.
    static func forget(_ pid: Int32) {
        numbers.withLock { numbers in _ = numbers.remove(pid) }
    }

    /// Collects those of `candidates` that are not known, and returns how many had ended. They are looked for under the
    /// lock, so that none of them is collected, and its number given out again, between the look and the collecting.
    static func collectUnknown(
        _ candidates: () throws(SystemCallError) -> [Int32]
    ) throws(SystemCallError) -> Int {
        try numbers.withLock { numbers throws(SystemCallError) in
            var ended = linux_ended()
            return try candidates().count { !numbers.contains($0) && linux_collect($0, &ended) == 1 }
        }
    }

    private static func collectChild(_ pid: Int32) -> Outcome? {
        var ended = linux_ended()
        let result = linux_collect(pid, &ended)
        precondition(result >= 0, "child \(pid) was collected by others: \(SystemCallError.text(of: -result))")
        guard result == 1 else { return nil }
        if ended.signal != 0 { return .signalled(UInt8(truncatingIfNeeded: ended.signal)) }
        return .exited(UInt8(truncatingIfNeeded: ended.exit_code))
    }
}

private func startCommand(
    _ launch: CommandLaunch, _ descriptors: [Descriptor?], _ limits: [linux_limit], _ started: inout linux_started
) -> Int32 {
    withExtendedLifetime(descriptors) {
        withCStrings(launch.candidates) { candidates in
            withCStrings(launch.arguments) { arguments in
                withCStrings(launch.environment.entries) { environment in
                    withOptionalCString(launch.directory) { directory in
                        var command = linux_command()
                        command.candidates = UnsafeRawPointer(candidates)
                            .assumingMemoryBound(to: UnsafePointer<CChar>?.self)
                        command.arguments = arguments
                        command.environment = environment
                        command.directory = directory
                        command.file_mode_mask = mode_t(launch.fileModeMask.rawValue)
                        command.has_nice = launch.nice == nil ? 0 : 1
                        command.nice = Int32(launch.nice ?? 0)
                        let numbers = descriptors.map { $0?.number ?? -1 }
                        command.descriptors = (numbers[0], numbers[1], numbers[2], numbers[3])
                        return start(&command, launch.account, limits, &started)
                    }
                }
            }
        }
    }
}

private func start(
    _ command: inout linux_command, _ other: OtherAccount?, _ limits: [linux_limit], _ started: inout linux_started
) -> Int32 {
    limits.withUnsafeBufferPointer { limits in
        command.limits = limits.baseAddress
        command.limit_count = limits.count
        guard let other, other.isForeign else { return linux_start_command(&command, &started) }
        return other.groups.withUnsafeBufferPointer { groups in
            var account = linux_account(
                user: other.user, group: other.group, groups: groups.baseAddress, group_count: groups.count)
            return withUnsafePointer(to: &account) { account in
                command.account = account
                return linux_start_command(&command, &started)
            }
        }
    }
}

/// Shows `strings` to `body` as C's array of strings, ended by NULL.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return (copies + [nil]).withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
        return body(start)
    }
}

private func withOptionalCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let string else { return body(nil) }
    return string.withCString(body)
}

extension CommandStartError {
    /// - Parameter limit: the word for the one that could not be set, if that was the step.
    fileprivate init(_ launch: CommandLaunch, _ step: linux_start_step, _ error: Int32, limit: String) {
        let reason = SystemCallError.text(of: error)
        let account = launch.account?.account.name ?? ""
        switch step {
        case linux_start_directory:
            let user = account.isEmpty ? "" : " as \(account)"
            self.init(.directory, "cannot enter the directory \"\(launch.directory ?? ".")\"\(user): \(reason)")
        case linux_start_limit:
            self.init(
                .setting, "cannot set the limit \(limit): \(reason); only root may raise one above the worker's own")
        case linux_start_nice:
            self.init(
                .setting,
                "cannot set the niceness to \(launch.nice ?? 0): \(reason); only root may go below the worker's")
        case linux_start_groups: self.init(.account, "cannot take the groups of \(account): \(reason)")
        case linux_start_group: self.init(.account, "cannot take the group of \(account): \(reason)")
        case linux_start_user where error != EAGAIN: self.init(.account, "cannot become \(account): \(reason)")
        case linux_start_execute: self.init(executing: launch, error, reason)
        default: self.init(.noResources, "cannot start a process: \(reason)")
        }
    }

    private init(executing launch: CommandLaunch, _ error: Int32, _ reason: String) {
        let program = "cannot run \"\(launch.arguments[0])\": \(reason)"
        switch error {
        case ENOENT where launch.candidates.count > 1 || launch.candidates != [launch.arguments[0]]:
            self.init(.notFound, "\(program); its PATH is \(launch.environment.path)")
        case ENOENT: self.init(.notFound, "\(program); it, or the interpreter in its first line, is missing")
        case ENOTDIR, ENAMETOOLONG, ELOOP: self.init(.notFound, program)
        case EACCES, EPERM: self.init(.notExecutable, "\(program); make it executable (chmod +x)")
        case ENOEXEC: self.init(.notExecutable, "\(program); a script needs a first line such as #!/bin/sh")
        case E2BIG: self.init(.tooLarge, "\(program); pass large data on standard input")
        case EISDIR, EINVAL, ELIBBAD, ETXTBSY: self.init(.notExecutable, program)
        default: self.init(.noResources, program)
        }
    }
}
