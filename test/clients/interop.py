"""Publishes and subscribes with Eclipse Paho at every QoS and consumes a queue; prints OK or fails with the reason.

Arguments: port, protocol version (4 or 5), name of a queue that is bound to paho/jobs and paho/jobs/<name>; then, where it
is not plain TCP, "tcp" or "websockets", the authorities' file for TLS, and the certificate and key of the client.
"""
import sys
import threading

import paho.mqtt.client as mqtt

port, version, queue = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
protocol = mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311
transport = sys.argv[4] if len(sys.argv) > 4 else "tcp"
tls_files = sys.argv[5:]
deadline = 20


def client(name):
    made = mqtt.Client(client_id=name, protocol=protocol, transport=transport)
    if tls_files:
        made.tls_set(*tls_files)
    made.events = []
    made.on_connect = lambda _client, _data, _flags, code, *_: made.events.append("CONNACK %s" % code)
    made.on_disconnect = lambda _client, _data, code, *_: made.events.append("disconnected %s" % code)
    made.connect("localhost" if tls_files else "127.0.0.1", port)
    made.loop_start()
    return made


def subscribe(who, topic, qos):
    granted = threading.Event()
    who.on_subscribe = lambda *_: granted.set()
    who.subscribe(topic, qos)
    assert granted.wait(deadline), "no SUBACK for %s after %r" % (topic, who.events)


received = []
complete = threading.Event()


def on_message(_client, _data, message):
    received.append((message.topic, message.payload.decode(), message.qos))
    if len(received) == 3:
        complete.set()


subscriber = client("paho-subscriber-%d" % version)
subscriber.on_message = on_message
subscribe(subscriber, "paho/qos/+", 2)
publisher = client("paho-publisher-%d" % version)
for qos in (0, 1, 2):
    info = publisher.publish("paho/qos/%d" % qos, "payload %d" % qos, qos)
    info.wait_for_publish(deadline)
    assert info.is_published(), "QoS %d was not acknowledged" % qos
assert complete.wait(deadline), "received only %r" % received
expected = [("paho/qos/%d" % qos, "payload %d" % qos, qos) for qos in (0, 1, 2)]
assert sorted(received) == expected, "expected %r, met %r" % (expected, received)

jobs = ["job %d" % i for i in range(10)]
for job in jobs:
    publisher.publish("paho/jobs", job, 1).wait_for_publish(deadline)
done = []
drained = threading.Event()


def on_job(_client, _data, message):
    done.append(message.payload.decode())
    if len(done) == len(jobs):
        drained.set()


worker = client("paho-worker-%d" % version)
worker.on_message = on_job
subscribe(worker, "$queue/" + queue, 1)
assert drained.wait(deadline), "worked only %r" % done
assert done == jobs, "expected the jobs in order, met %r" % done

# The same queue by the filter that feeds it, at QoS 2.
worker.disconnect()
worker.loop_stop()
done.clear()
drained.clear()
for job in jobs:
    publisher.publish("paho/jobs/" + queue, job, 1).wait_for_publish(deadline)
alias = client("paho-alias-%d" % version)
alias.on_message = on_job
subscribe(alias, "$q/paho/jobs/" + queue, 2)
assert drained.wait(deadline), "worked only %r by the alias" % done
assert done == jobs, "expected the jobs in order by the alias, met %r" % done

for each in (subscriber, publisher, alias):
    each.disconnect()
    each.loop_stop()
print("OK")
