"""What python-irodsclient does with a server; prints what it saw as JSON. Arguments: port, user, password, scenario."""

import json
import os
import sys
import tempfile

from irods.exception import iRODSException
from irods.session import iRODSSession

HOME = "/tempZone/home/alice"
BIG = bytes((i * 7 + (i >> 8)) % 256 for i in range(300_000)) * 40  # 12 MB


def put_and_get(session):
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
        with open(source, "wb") as file:
            file.write(BIG)
        session.data_objects.put(source, HOME + "/big")
        session.data_objects.get(HOME + "/big", target)
        with open(target, "rb") as file:
            same = file.read() == BIG
    found = session.data_objects.get(HOME + "/big")
    replica = found.replicas[0]
    return {"same": same, "size": found.size, "status": replica.status, "replicas": len(found.replicas)}


def open_read_write_seek(session):
    path = HOME + "/open"
    with session.data_objects.open(path, "w") as file:
        file.write(b"hello world")
    with session.data_objects.open(path, "r+") as file:
        file.seek(6)
        file.write(b"there")
        file.seek(-5, 2)
        tail = file.read()
        file.seek(0)
        whole = file.read()
    with session.data_objects.open(path, "a") as file:
        file.seek(0, 2)
        file.write(b"!")
    with session.data_objects.open(path, "r") as file:
        appended = file.read()
    return {"tail": tail.decode(), "whole": whole.decode(), "appended": appended.decode()}


def list_and_move(session):
    collection = session.collections.create(HOME + "/c/d")
    for name in ["a & b", "c<d>", "quote\"'", "ü", "plain"]:
        session.data_objects.create(collection.path + "/" + name)
    names = sorted(one.name for one in session.collections.get(HOME + "/c/d").data_objects)
    session.data_objects.move(collection.path + "/plain", collection.path + "/moved")
    session.collections.move(HOME + "/c/d", HOME + "/c/e")
    after = sorted(one.name for one in session.collections.get(HOME + "/c/e").data_objects)
    subs = [one.path for one in session.collections.get(HOME + "/c").subcollections]
    return {"names": names, "after": after, "subs": subs}


def list_many(session):
    from irods.models import Collection, DataObject

    query = session.query(DataObject.name).filter(Collection.name == HOME + "/many")
    names = [row[DataObject.name] for row in query.get_results()]
    return {"count": len(names), "distinct": len(set(names))}


def remove(session):
    for path in ["/gone", "/trashed"]:
        session.data_objects.create(HOME + path)
    session.data_objects.unlink(HOME + "/gone", force=True)
    session.data_objects.unlink(HOME + "/trashed")
    session.collections.create(HOME + "/r/s")
    for number in range(25):
        session.data_objects.create("%s/r/s/%d" % (HOME, number))
    refused = None
    try:
        session.collections.remove(HOME + "/r", recurse=False)
    except iRODSException as error:
        refused = type(error).__name__
    session.collections.remove(HOME + "/r", recurse=True, force=True)
    return {
        "gone": session.data_objects.exists(HOME + "/gone"),
        "trashed": session.data_objects.exists(HOME + "/trashed"),
        "in_trash": session.data_objects.exists("/tempZone/trash/home/alice/trashed"),
        "collection": session.collections.exists(HOME + "/r"),
        "refused": refused,
    }


def truncate(session):
    path = HOME + "/cut"
    with session.data_objects.open(path, "w") as file:
        file.write(b"0123456789")
    session.data_objects.truncate(path, 4)
    with session.data_objects.open(path, "r") as file:
        return {"content": file.read().decode()}


def errors(session):
    seen = {}
    for name, act in {
        "open": lambda: session.data_objects.open(HOME + "/missing", "r"),
        "create": lambda: session.data_objects.open(HOME + "/missing/x", "w"),
        "unlink": lambda: session.data_objects.unlink(HOME + "/missing", force=True),
        "mkdir": lambda: session.collections.create(HOME, recurse=False),
        "foreign": lambda: session.data_objects.open("/tempZone/home/bob/x", "w"),
    }.items():
        try:
            act()
            seen[name] = None
        except iRODSException as error:
            seen[name] = type(error).__name__
        except KeyError as error:  # a code that this client has no name for
            seen[name] = str(error)
    return seen


def login(session):
    return {"home": session.collections.get(HOME).path}


def main():
    port, user, password, scenario = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    settings = {"host": "127.0.0.1", "port": port, "user": user, "password": password, "zone": "tempZone"}
    if len(sys.argv) > 5:
        settings.update(json.loads(sys.argv[5]))
    try:
        with iRODSSession(**settings) as session:
            print(json.dumps(globals()[scenario](session)))
    except iRODSException as error:
        print(json.dumps({"error": type(error).__name__}))


main()
