import Glibc

/// Runs every job of a task on a thread of its own, so that a test may block in a wait for another process without
/// taking one of the threads that all tests share.
final class OwnThread: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let work = Unmanaged.passRetained(Work(job: UnownedJob(job), executor: asUnownedTaskExecutor()))
        var thread = pthread_t()
        let error = pthread_create(&thread, nil, { Work.run($0) }, work.toOpaque())
        precondition(error == 0, "pthread_create: error \(error)")
        pthread_detach(thread)
    }

    private final class Work {
        private let job: UnownedJob
        private let executor: UnownedTaskExecutor

        init(job: UnownedJob, executor: UnownedTaskExecutor) {
            self.job = job
            self.executor = executor
        }

        static func run(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let pointer else { return nil }
            let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
            work.job.runSynchronously(on: work.executor)
            return nil
        }
    }
}

/// Lets so many tests start processes at the same time, so that none waits long for a processor.
actor Gate {
    static let tests = Gate(places: 3)

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        guard places == 0 else { return places -= 1 }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
}
