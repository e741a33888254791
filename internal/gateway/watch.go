package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"latchkey/internal/control"
	"latchkey/internal/fault"
)

// While bytes flow, the caller is judged again at least once in judgeEvery, and each time judgeBytes have passed.
const (
	judgeEvery = time.Second
	judgeBytes = 8 << 20
)

// watch judges the caller of a request again while the upstream works, while a body comes in, and while an answer goes
// out. A caller who has lost the session or a permission is stopped: the upstream's context ends, the body fails, and
// an answer that has begun is cut, so that the client does not take it for the whole. An answer that says what a write
// has done is not cut.
//
// As long as the snapshot is the same, a judgement compares two pointers. The facts of the request are those of its
// beginning, the time among them: like S3, the server lets a transfer outlive the expiry that it began before. The zero
// watch watches nothing.
type watch struct {
	g        *Gateway
	required []permission
	cancel   context.CancelCauseFunc
	timer    *time.Timer

	mu        sync.Mutex
	call      control.Call // its caller is the one that was judged last
	left      int64        // bytes that may pass before the next judgement
	ended     error        // why the caller was stopped
	stopped   bool
	interrupt func() // makes a read or write that waits for the client fail
}

// watch begins to watch a request on data, once permit has found out what it needs. From here on the request has a
// context that ends with the caller's access.
func (g *Gateway) watch(q *request) {
	if q.row.plane != data {
		return
	}
	ctx, cancel := context.WithCancelCause(q.Context())
	q.Request = q.Request.WithContext(ctx)
	w := &q.watched
	w.mu.Lock()
	defer w.mu.Unlock()
	w.g, w.required, w.call, w.cancel = g, q.required, *q.Call, cancel
	if q.body != nil {
		q.body.Reader = &watchedReader{q.body.Reader, w}
		w.interrupt = func() { _ = http.NewResponseController(q.w).SetReadDeadline(past) }
	}
	w.timer = time.AfterFunc(judgeEvery, w.tick)
}

// past is a deadline that makes what waits fail at once.
var past = time.Unix(1, 0)

// tick is one look of the timer. It goes on after the end of the caller's access: whoever reads or writes may have
// moved the deadline in the same moment.
func (w *watch) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	w.judge()
	if w.ended != nil && w.interrupt != nil {
		w.interrupt()
	}
	w.timer.Reset(judgeEvery)
}

// judge asks once more whether the caller may do what the request does. A judgement that cannot be made is a no.
func (w *watch) judge() {
	if w.ended != nil {
		return
	}
	defer func() {
		if v := recover(); v != nil { // no frame stands above a timer
			w.end(fault.New(fault.Internal, "", "").Because(fmt.Errorf("panic: %v", v)))
		}
	}()
	who, err := w.g.reauthorize(&w.call, w.required)
	if err != nil {
		w.end(err)
		return
	}
	w.call.Caller = who
}

// also watches one more permission, that an answer in parts has come to need.
func (w *watch) also(n permission) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.required = append(slices.Clone(w.required), n)
}

func (w *watch) end(why error) {
	w.ended = why
	w.cancel(why)
}

// room returns how many bytes may pass before the next judgement, and judges when one is due. It fails if the caller
// was stopped.
func (w *watch) room() (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left <= 0 {
		w.left = judgeBytes
		w.judge()
	}
	return w.left, w.ended
}

func (w *watch) passed(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left -= n
}

// stop ends the watch. It returns err, or why the caller was stopped.
func (w *watch) stop(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
	if w.ended != nil {
		return w.ended
	}
	return err
}

// settle ends the watch of a call that changes something, when the upstream has answered. Once the change is made, the
// client is told so. The watch of a call that only reads goes on: its answer is yet to go out.
func (w *watch) settle(readOnly bool, err error) error {
	switch {
	case err != nil:
		return w.stop(err)
	case !readOnly:
		_ = w.stop(nil)
	}
	return nil
}

// release frees what the watch holds, when the request has been answered.
func (w *watch) release() {
	_ = w.stop(nil)
	if w.cancel != nil {
		w.cancel(errors.New("the request has been answered"))
	}
}
