-- What the messages of one grant share is written once, in claim; a message holds its newest attempt itself. It has room for
-- one, so that no two attempts can be open, accepted or unknown; attempt keeps those that are over, which are few. A message
-- is then written twice on its way, and nothing else is.

-- Messages granted to a run at once, for one account.
CREATE TABLE claim (
  id         INTEGER PRIMARY KEY,
  run_id     INTEGER NOT NULL,
  account    TEXT    NOT NULL,
  currency   TEXT    NOT NULL,
  day        TEXT    NOT NULL, -- on which they were debited
  price      INTEGER NOT NULL, -- for one segment
  claimed_at INTEGER NOT NULL,
  hold       INTEGER NOT NULL  -- for how long after its time to leave one may still begin to; without a time, after claimed_at
);
INSERT INTO claim (id, run_id, account, currency, day, price, claimed_at, hold)
  SELECT id, run_id, account, currency, day, price, claimed_at,
    deadline - CASE leave_at WHEN 0 THEN claimed_at ELSE leave_at END FROM attempt;

CREATE TABLE message_new (
  id              INTEGER PRIMARY KEY,
  campaign_id     INTEGER NOT NULL,
  recipient_id    INTEGER NOT NULL,
  channel         TEXT    NOT NULL CHECK (channel = 'sms' OR channel = 'email'),
  key             TEXT    NOT NULL,
  address         TEXT    NOT NULL,
  segments        INTEGER NOT NULL,
  fingerprint     INTEGER NOT NULL,
  state           TEXT    NOT NULL DEFAULT 'pending'
                  CHECK (state = 'accepted' OR state = 'pending' OR state = 'attempting' OR state = 'unknown' OR state = 'rejected' OR state = 'cancelled'),
  why             TEXT    CHECK (why IN ('list', 'abort')), -- of cancelled: left out by a list, or by an abort
  not_before      INTEGER NOT NULL DEFAULT 0,
  -- How a pending message stands to its domain's rate: 0 not held, 1 not_before is its place, 2 to be looked at again then.
  paced           INTEGER NOT NULL DEFAULT 0 CHECK (paced = 0 OR paced = 1 OR paced = 2),
  attempts        INTEGER NOT NULL DEFAULT 0,
  over            INTEGER NOT NULL DEFAULT 0, -- how many of them are: definitely not accepted
  -- The newest attempt.
  claim_id        INTEGER,
  leave_at        INTEGER NOT NULL DEFAULT 0,
  code            TEXT,
  detail          TEXT,
  vendor_id       TEXT,
  vendor_segments INTEGER,
  settled_at      INTEGER,
  -- At most one attempt is not over: whatever the program does.
  CHECK (attempts = over + (state = 'accepted' OR state = 'attempting' OR state = 'unknown'))
);
INSERT INTO message_new
  SELECT m.id, m.campaign_id, m.recipient_id, m.channel, m.key, m.address, m.segments, m.fingerprint, m.state, m.why, m.not_before, m.paced,
    m.attempts, m.attempts - (m.state = 'accepted' OR m.state = 'attempting' OR m.state = 'unknown'),
    a.id, ifnull(a.leave_at, 0), a.code, a.detail, a.vendor_id, a.vendor_segments, ifnull(a.resolved_at, a.settled_at)
  FROM message m LEFT JOIN attempt a ON a.id = m.attempt_id ORDER BY m.id;

-- An attempt that is over.
CREATE TABLE attempt_new (
  message_id      INTEGER NOT NULL,
  number          INTEGER NOT NULL, -- 1 is the first of the message
  claim_id        INTEGER NOT NULL,
  segments        INTEGER NOT NULL,
  leave_at        INTEGER NOT NULL,
  outcome         TEXT    NOT NULL CHECK (outcome = 'rejected' OR outcome = 'throttled' OR outcome = 'refused' OR outcome = 'unsent'),
  reason          TEXT,
  code            TEXT,
  detail          TEXT,
  vendor_id       TEXT,
  vendor_segments INTEGER,
  settled_at      INTEGER NOT NULL,
  retry_at        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (message_id, number)
) WITHOUT ROWID;
INSERT INTO attempt_new
  SELECT message_id, number, id, segments, leave_at, outcome, reason, code, detail, vendor_id, vendor_segments,
    ifnull(resolved_at, settled_at), ifnull(retry_at, 0)
  FROM attempt WHERE over = 1;

-- An attempt that was unknown, and what evidence or a person made of it.
CREATE TABLE resolution (
  message_id INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  outcome    TEXT    NOT NULL CHECK (outcome = 'accepted' OR outcome = 'rejected' OR outcome = 'unsent'),
  unknown_at INTEGER NOT NULL, -- since when it was unknown
  at         INTEGER NOT NULL,
  who        TEXT    NOT NULL,
  why        TEXT    NOT NULL,
  PRIMARY KEY (message_id, number)
) WITHOUT ROWID;
INSERT INTO resolution
  SELECT message_id, number, outcome, settled_at, resolved_at, ifnull(resolved_by, ''), ifnull(resolved_why, '')
  FROM attempt WHERE resolved_at IS NOT NULL;

CREATE TABLE relist_new (
  message_id   INTEGER PRIMARY KEY REFERENCES message_new (id),
  recipient_id INTEGER,
  segments     INTEGER,
  fingerprint  INTEGER
);
INSERT INTO relist_new SELECT message_id, recipient_id, segments, fingerprint FROM relist;

DROP TABLE relist;
DROP TABLE attempt;
DROP TABLE message;
ALTER TABLE message_new RENAME TO message;
ALTER TABLE attempt_new RENAME TO attempt;
ALTER TABLE relist_new RENAME TO relist;

-- Below these ids no message of the channel is pending that was never tried.
ALTER TABLE run ADD COLUMN sms_from   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN email_from INTEGER NOT NULL DEFAULT 0;
-- What the rates of the domains were: places were given under them.
ALTER TABLE run ADD COLUMN pace       TEXT    NOT NULL DEFAULT '';

CREATE UNIQUE INDEX message_key ON message (campaign_id, key);
-- Pending messages that were tried before, or wait for their domains. All others are read in the order of their ids, from
-- where the run is: an index of them would have to be written for every message.
CREATE INDEX message_again ON message (campaign_id, channel, not_before) WHERE state = 'pending' AND attempts > 0;
CREATE INDEX message_paced ON message (campaign_id, channel, not_before) WHERE state = 'pending' AND paced > 0;

-- The one way through the states: an attempt begins on a pending message, under a newer claim; it is accepted, or unknown,
-- or over; what is accepted stays as it is, word for word. This is the path of every message: it looks into no other table.
CREATE TRIGGER message_moves
BEFORE UPDATE OF state, attempts, over, claim_id, leave_at, code, detail, vendor_id, vendor_segments, settled_at ON message
WHEN CASE OLD.state
  WHEN 'pending' THEN NEW.over = OLD.over AND (
    NEW.state = 'attempting' AND NEW.attempts = OLD.attempts + 1 AND NEW.claim_id > ifnull(OLD.claim_id, 0)
    OR NEW.state = 'cancelled' AND NEW.attempts = OLD.attempts AND NEW.claim_id IS OLD.claim_id)
  WHEN 'attempting' THEN NEW.attempts = OLD.attempts AND NEW.claim_id = OLD.claim_id AND NEW.leave_at = OLD.leave_at AND (
    (NEW.state = 'accepted' OR NEW.state = 'unknown') AND NEW.settled_at IS NOT NULL
    OR (NEW.state = 'pending' OR NEW.state = 'rejected') AND NEW.over = OLD.over + 1)
  WHEN 'unknown' THEN NEW.attempts = OLD.attempts AND NEW.claim_id = OLD.claim_id AND NEW.leave_at = OLD.leave_at AND (
    NEW.state = 'accepted' OR (NEW.state = 'rejected' OR NEW.state = 'pending') AND NEW.over = OLD.over + 1)
  WHEN 'rejected' THEN (NEW.state = 'pending' OR NEW.state = 'cancelled')
    AND NEW.attempts = OLD.attempts AND NEW.over = OLD.over AND NEW.claim_id = OLD.claim_id
  WHEN 'cancelled' THEN NEW.state = 'pending' AND OLD.why = 'list'
    AND NEW.attempts = OLD.attempts AND NEW.over = OLD.over AND NEW.claim_id IS OLD.claim_id
  ELSE 0 END IS NOT 1 BEGIN
  SELECT RAISE(FAIL, 'a message does not go that way');
END;
-- It is over only with its record in attempt.
CREATE TRIGGER message_over BEFORE UPDATE OF over ON message
WHEN NEW.over <> OLD.over AND NOT EXISTS (SELECT 1 FROM attempt WHERE message_id = OLD.id AND number = OLD.attempts) BEGIN
  SELECT RAISE(FAIL, 'an attempt that is over is recorded');
END;
CREATE TRIGGER message_who_stands BEFORE UPDATE OF id, campaign_id, channel, key, address ON message BEGIN
  SELECT RAISE(FAIL, 'a message is not rewritten');
END;
CREATE TRIGGER message_stays BEFORE DELETE ON message BEGIN
  SELECT RAISE(FAIL, 'messages are kept');
END;

-- To write that an attempt is over takes its message along.
CREATE TRIGGER attempt_was_open BEFORE INSERT ON attempt
WHEN (SELECT attempts = NEW.number AND claim_id = NEW.claim_id AND (state = 'attempting' OR state = 'unknown')
  FROM message WHERE id = NEW.message_id) IS NOT 1 BEGIN
  SELECT RAISE(FAIL, 'only the attempt that is open or unknown can be over');
END;
CREATE TRIGGER attempt_is_over AFTER INSERT ON attempt BEGIN
  UPDATE message SET
    state = CASE NEW.outcome WHEN 'rejected' THEN 'rejected' ELSE 'pending' END, over = over + 1, not_before = NEW.retry_at,
    code = NEW.code, detail = NEW.detail, vendor_id = NEW.vendor_id, vendor_segments = NEW.vendor_segments, settled_at = NEW.settled_at
  WHERE id = NEW.message_id;
END;
CREATE TRIGGER attempt_stands BEFORE UPDATE ON attempt BEGIN
  SELECT RAISE(FAIL, 'an attempt is not rewritten');
END;
CREATE TRIGGER attempt_stays BEFORE DELETE ON attempt BEGIN
  SELECT RAISE(FAIL, 'attempts are kept');
END;
CREATE TRIGGER claim_stands BEFORE UPDATE ON claim BEGIN
  SELECT RAISE(FAIL, 'a claim is not rewritten');
END;
CREATE TRIGGER claim_stays BEFORE DELETE ON claim BEGIN
  SELECT RAISE(FAIL, 'claims are kept');
END;
CREATE TRIGGER resolution_stands BEFORE UPDATE ON resolution BEGIN
  SELECT RAISE(FAIL, 'a resolution is not rewritten');
END;
CREATE TRIGGER resolution_stays BEFORE DELETE ON resolution BEGIN
  SELECT RAISE(FAIL, 'resolutions are kept');
END;
