"""Notifications: topics, endpoints over HTTP and mail, and the alarms of pipelines that reach them."""
import email
import email.policy
import http.server
import json
import queue
import socket
import threading
import urllib.request

import pytest
from aiosmtpd.controller import Controller

import pipelines
from conftest import Server

KEY = {"penstock-key": {"DataType": "String", "StringValue": "the only one"}}


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.received.put((dict(self.headers), body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    """An HTTP endpoint; `received` is a queue of (headers, body), `statuses` what it answers before 200."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.received, server.statuses = queue.Queue(), []
    server.url = f"http://127.0.0.1:{server.server_port}/alarm"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Mailbox:
    """Keeps mails; turns away the first `refusals`."""

    def __init__(self):
        self.received, self.refusals = queue.Queue(), 0

    async def handle_DATA(self, server, session, envelope):
        if self.refusals > 0:
            self.refusals -= 1
            return "451 later"
        self.received.put((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"


@pytest.fixture(scope="module")
def mailbox():
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture(scope="module")
def sns_server(tmp_path_factory, mailbox):
    config = (f'[smtp]\nurl = "smtp://127.0.0.1:{mailbox.port}"\nfrom = "penstock@example.com"\n'
              '[engine]\ndefault_retry_delay = "1 second"\n')
    made = Server(tmp_path_factory.mktemp("sns"), config=config).start()
    yield made
    assert made.stop() == 0, made.log()


@pytest.fixture
def topic(sns_server, unique):
    return sns_server.client("sns").create_topic(Name=unique)["TopicArn"]


def follow(link):
    with urllib.request.urlopen(link, timeout=5) as answer:
        return answer.read().decode()


def subscribe_hook(sns, topic, hook, **attributes):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url, Attributes=attributes)
    headers, body = hook.received.get(timeout=10)
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert topic in follow(json.loads(body)["SubscribeURL"])


def test_topics(sns_server, topic):
    sns = sns_server.client("sns")
    assert sns.create_topic(Name=topic.rsplit(":", 1)[1])["TopicArn"] == topic
    assert topic in [t["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for t in page["Topics"]]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Alarms")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Alarms"
    sns.delete_topic(TopicArn=topic)
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn=topic, Message="m")
    assert json.loads(sns_server.aws("sns", "list-topics").stdout).keys() == {"Topics"}


def test_a_message_reaches_an_http_endpoint(sns_server, topic, hook):
    sns = sns_server.client("sns")
    subscribe_hook(sns, topic, hook)
    hook.statuses = [500, 503]
    sent = sns.publish(TopicArn=topic, Subject="late", Message="the run is l\u00e4te",
                       MessageAttributes={"level": {"DataType": "String", "StringValue": "high"}})
    headers, body = hook.received.get(timeout=10)
    document = json.loads(body)
    assert headers["x-amz-sns-message-id"] == document["MessageId"] == sent["MessageId"]
    assert document["TopicArn"] == topic
    assert (document["Subject"], document["Message"]) == ("late", "the run is l\u00e4te")
    assert document["MessageAttributes"] == {"level": {"Type": "String", "Value": "high"}}
    [one] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert one["Endpoint"] == hook.url
    follow(document["UnsubscribeURL"])
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_keyed_message_is_delivered_once(sns_server, topic, hook):
    sns = sns_server.client("sns")
    subscribe_hook(sns, topic, hook, RawMessageDelivery="true")
    sent = {sns.publish(TopicArn=topic, Message="once", MessageAttributes=KEY)["MessageId"] for _ in range(3)}
    assert len(sent) == 1
    sns.publish(TopicArn=topic, Message="then")
    assert {hook.received.get(timeout=10)[1] for _ in range(2)} == {b"once", b"then"}
    assert hook.received.empty()


def test_a_message_reaches_a_mailbox(sns_server, mailbox, topic):
    sns = sns_server.client("sns")
    mailbox.refusals = 1
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    to, mail = mailbox.received.get(timeout=20)
    assert to == ["ops@example.com"]
    [link] = [line for line in mail.get_content().splitlines() if "ConfirmSubscription" in line]
    follow(link)
    sns.publish(TopicArn=topic, Subject="late", Message="the run is l\u00e4te\n.\nend")
    _, mail = mailbox.received.get(timeout=20)
    assert mail["Subject"] == "late" and mail["From"] == "penstock@example.com"
    assert "the run is l\u00e4te\n.\nend" in mail.get_content()


def test_alarms_of_a_pipeline(sns_server, topic, hook, tmp_path, unique):
    """onFail and onSuccess of two activities, and onLateAction of one that waits."""
    sns = sns_server.client("sns")
    subscribe_hook(sns, topic, hook)

    def alarm(id):
        return {"id": id, "type": "SnsAlarm", "topicArn": topic, "role": "r", "subject": id + " #{node.@componentParent}",
                "message": "status #{node.@status}"}

    definition = pipelines.write(tmp_path, {"objects": [
        {"id": "Default", "scheduleType": "cron", "schedule": {"ref": "Once"}, "maximumRetries": "0",
         "workerGroup": "default"},
        {"id": "Once", "type": "Schedule", "period": "1 hour", "startAt": "FIRST_ACTIVATION_DATE_TIME", "occurrences": "1"},
        alarm("Failed"), alarm("Done"), alarm("Late"),
        {"id": "Bad", "type": "ShellCommandActivity", "command": "exit 3", "onFail": {"ref": "Failed"}},
        {"id": "Good", "type": "ShellCommandActivity", "command": "true", "onSuccess": {"ref": "Done"}},
        {"id": "Slow", "type": "ShellCommandActivity", "command": "sleep 3"},
        {"id": "Next", "type": "ShellCommandActivity", "command": "true", "dependsOn": {"ref": "Slow"},
         "lateAfterTimeout": "1 second", "onLateAction": {"ref": "Late"}}]})
    pipeline = pipelines.run(sns_server, unique, definition)
    subjects = set()
    try:
        for _ in range(3):
            subjects.add(json.loads(hook.received.get(timeout=20)[1])["Subject"].split()[0])
    except queue.Empty:
        pass
    assert subjects == {"Done", "Failed", "Late"}, pipelines.status(sns_server, pipeline) + sns_server.log()
    pipelines.wait(sns_server, pipeline)
    assert hook.received.empty()


def test_mail_is_refused_where_none_is_sent(server, unique):
    sns = server.client("sns")
    topic = sns.create_topic(Name=unique)["TopicArn"]
    with pytest.raises(sns.exceptions.InvalidParameterException, match="smtp"):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
