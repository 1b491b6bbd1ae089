# tensorboard 2.21.0, protobuf 7.36.2. Bytes of an event file as TensorBoard's own writer makes them, for
# tests/metrics/event_file_test.cpp; with a folder as argument: what TensorBoard reads in it.
# usage: python event_file.py [DIR]
import io
import sys

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def record(event):
    class Sink(io.BytesIO):
        def close(self):
            pass
    sink = Sink()
    RecordWriter(sink).write(event.SerializeToString(deterministic=True))
    return sink.getvalue()


def print_bytes():
    value = summary_pb2.Summary.Value
    session = event_pb2.SessionLog
    for event in [
            event_pb2.Event(wall_time=1.5, file_version="brain.Event:2"),
            event_pb2.Event(wall_time=2.5, step=300, summary=summary_pb2.Summary(value=[
                value(tag="reward/total", simple_value=0.25), value(tag="kl/k1", simple_value=-1.5)])),
            event_pb2.Event(wall_time=3.5, step=7, session_log=session(status=session.START))]:
        print(record(event).hex())


def print_scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    events = EventAccumulator(folder)
    events.Reload()
    for tag in events.Tags()["scalars"]:
        print(tag, [(e.step, round(e.value, 6)) for e in events.Scalars(tag)])


print_scalars(sys.argv[1]) if len(sys.argv) > 1 else print_bytes()
