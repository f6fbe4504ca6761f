// What the article *Handlers in Swift* shows, word for word between the marks: it compiles and runs here.

// begin
import Signalbox

struct Resize: JobPayload {
    var photo: Int
    var width: Int
}

func serve(_ store: Store) async throws {
    let worker = Worker(store) { handlers in
        handlers.handle(Resize.self) { job, context in
            guard job.width > 0 else { throw Fatal("a photo cannot be \(job.width) pixels wide") }
            context.progress(50, "photo \(job.photo)")
            context.log("attempt \(context.attempt)")
        }
    }
    try await worker.run()
}

func ask(_ store: Store) async throws {
    try await store.enqueue(Resize(photo: 7, width: 640))
}
// end
