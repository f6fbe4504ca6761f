import SignalboxCore
import SignalboxStore

extension WorkerLoop {
    /// What a claimed dispatch is started with: its command, and an environment that tells it who it is.
    func launch(_ claimed: ClaimedDispatch, _ runID: RunID, _ now: Now) throws(CommandStartError) -> CommandLaunch {
        let settings = claimed.request.process
        let other = try settings.user.map { text throws(CommandStartError) in try OtherAccount(text) }
        let account = other?.account ?? Account.current()
        let environment = CommandEnvironment(
            account: account, inherited: options.environment, job: claimed.request.environment,
            ours: variables(claimed, runID, now))
        return CommandLaunch(
            claimed.request.command, environment: environment, directory: claimed.request.directory ?? account.home,
            input: claimed.request.input, hasControlChannel: true,
            fileModeMask: settings.fileModeMask ?? .standard, account: other, nice: settings.nice,
            limits: settings.limits)
    }

    private func variables(_ claimed: ClaimedDispatch, _ runID: RunID, _ now: Now) -> [String: String] {
        let dispatch = claimed.dispatch
        var variables = [
            "SIGNALBOX_DISPATCH": "\(dispatch.id)",
            "SIGNALBOX_ATTEMPT": "\(dispatch.attempt)",
            "SIGNALBOX_CONTROL_FD": "3",
            ProcessTree.runIDVariable: runID.description,
        ]
        variables["SIGNALBOX_JOB"] = dispatch.job?.text
        variables["SIGNALBOX_SCHEDULED_FOR"] = dispatch.scheduledFor?.description
        variables["SIGNALBOX_DEADLINE"] = claimed.request.timeout.map { (now.wall + $0).description }
        return variables
    }
}
