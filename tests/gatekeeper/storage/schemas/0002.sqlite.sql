BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE checkouts (
	id INTEGER NOT NULL, 
	order_number VARCHAR(24) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	address TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_checkouts PRIMARY KEY (id), 
	CONSTRAINT fk_checkouts_order_number_orders FOREIGN KEY(order_number) REFERENCES orders (number)
);
INSERT INTO "checkouts" VALUES(1,'L-20261001-CCCCCC','session','https://x','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456');
CREATE TABLE codes (
	id VARCHAR(32) NOT NULL, 
	mark VARCHAR(64) NOT NULL, 
	product VARCHAR(200) NOT NULL, 
	interval VARCHAR(8), 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	CONSTRAINT pk_codes PRIMARY KEY (id), 
	CONSTRAINT uq_codes_mark UNIQUE (mark)
);
INSERT INTO "codes" VALUES('k1','mark','rust',NULL,'2026-10-01 08:30:15.123456',NULL);
CREATE TABLE ledger (
	id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	reader VARCHAR(32) NOT NULL, 
	product VARCHAR(200) NOT NULL, 
	order_number VARCHAR(24), 
	amount_minor INTEGER NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	interval VARCHAR(8), 
	until DATETIME, 
	source VARCHAR(20) NOT NULL, 
	event VARCHAR(120) NOT NULL, 
	at DATETIME NOT NULL, 
	recorded_at DATETIME NOT NULL, payment VARCHAR(120), 
	CONSTRAINT pk_ledger PRIMARY KEY (id), 
	CONSTRAINT fk_ledger_order_number_orders FOREIGN KEY(order_number) REFERENCES orders (number), 
	CONSTRAINT fk_ledger_reader_readers FOREIGN KEY(reader) REFERENCES readers (id), 
	CONSTRAINT uq_ledger_source_event UNIQUE (source, event)
);
INSERT INTO "ledger" VALUES(1,'created','ada','rust','L-20261001-AAAAAA',1500,'USD',NULL,NULL,'lyceum','L-20261001-AAAAAA','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456',NULL);
INSERT INTO "ledger" VALUES(2,'paid','ada','rust','L-20261001-AAAAAA',1500,'USD',NULL,NULL,'stripe','paid:pi_1','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456','pi_1');
INSERT INTO "ledger" VALUES(3,'refunded','ada','rust','L-20261001-AAAAAA',500,'USD',NULL,NULL,'stripe','refunded:re_1','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456','pi_1');
INSERT INTO "ledger" VALUES(4,'paid','ada','all','L-20261001-BBBBBB',1500,'USD','month','2026-11-01 08:30:15.123456','stripe','paid:in_1','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456','in_1');
INSERT INTO "ledger" VALUES(5,'granted','ada','sql',NULL,0,'',NULL,NULL,'operator','g1','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456',NULL);
CREATE TABLE limits (
	name VARCHAR(40) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	window INTEGER NOT NULL, 
	ends_at DATETIME NOT NULL, 
	count INTEGER NOT NULL, 
	CONSTRAINT pk_limits PRIMARY KEY (name, subject, window)
);
INSERT INTO "limits" VALUES('code','x',4711,'2026-10-01 08:30:15.123456',3);
CREATE TABLE orders (
	number VARCHAR(24) NOT NULL, 
	reader VARCHAR(32) NOT NULL, 
	product VARCHAR(200) NOT NULL, 
	title TEXT NOT NULL, 
	amount_minor INTEGER NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	interval VARCHAR(8), 
	refund_days INTEGER NOT NULL, 
	lesson TEXT, 
	language VARCHAR(8) NOT NULL, 
	provider VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_orders PRIMARY KEY (number), 
	CONSTRAINT ck_orders_amount CHECK (amount_minor > 0), 
	CONSTRAINT fk_orders_reader_readers FOREIGN KEY(reader) REFERENCES readers (id)
);
INSERT INTO "orders" VALUES('L-20261001-AAAAAA','ada','rust','课 “Rust”',1500,'USD',NULL,14,'rust/生命','zh','stripe','2026-10-01 08:30:15.123456');
INSERT INTO "orders" VALUES('L-20261001-BBBBBB','ada','all','课 “Rust”',1500,'USD','month',14,NULL,'zh','stripe','2026-10-01 08:30:15.123456');
INSERT INTO "orders" VALUES('L-20261001-CCCCCC','ada','sql','课 “Rust”',1500,'USD',NULL,14,NULL,'zh','stripe','2026-10-01 08:30:15.123456');
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	"key" VARCHAR(120) NOT NULL, 
	recipient VARCHAR(254) NOT NULL, 
	subject TEXT NOT NULL, 
	text TEXT NOT NULL, 
	html TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	send_at DATETIME NOT NULL, 
	not_after DATETIME, 
	tries INTEGER NOT NULL, 
	leased_until DATETIME, 
	sent_at DATETIME, 
	failed_at DATETIME, 
	problem VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_outbox PRIMARY KEY (id), 
	CONSTRAINT uq_outbox_key UNIQUE ("key")
);
INSERT INTO "outbox" VALUES(1,'receipt:L-20261001-AAAAAA','ada@example.org','收据','…
','<p>…</p>','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456',NULL,0,NULL,NULL,NULL,'');
CREATE TABLE payment_references (
	provider VARCHAR(20) NOT NULL, 
	reference VARCHAR(120) NOT NULL, 
	order_number VARCHAR(24), 
	payment VARCHAR(120), 
	CONSTRAINT pk_payment_references PRIMARY KEY (provider, reference), 
	CONSTRAINT fk_payment_references_order_number_orders FOREIGN KEY(order_number) REFERENCES orders (number)
);
INSERT INTO "payment_references" VALUES('stripe','pi_1','L-20261001-AAAAAA','pi_1');
CREATE TABLE provider_events (
	id INTEGER NOT NULL, 
	provider VARCHAR(20) NOT NULL, 
	event VARCHAR(120) NOT NULL, 
	body BLOB NOT NULL, 
	received_at DATETIME NOT NULL, 
	processed_at DATETIME, 
	outcome VARCHAR(40) NOT NULL, reference VARCHAR(120), 
	CONSTRAINT pk_provider_events PRIMARY KEY (id), 
	CONSTRAINT uq_provider_events_provider_event UNIQUE (provider, event)
);
INSERT INTO "provider_events" VALUES(1,'stripe','paid:pi_1',X'7B226964223A20226576745F31227D00FF','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456','recorded',NULL);
CREATE TABLE readers (
	id VARCHAR(32) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_readers PRIMARY KEY (id), 
	CONSTRAINT uq_readers_email UNIQUE (email)
);
INSERT INTO "readers" VALUES('ada','ada@example.org','zh','2026-10-01 08:30:15.123456');
INSERT INTO "readers" VALUES('bob','bob@exämple.org','en','2026-10-01 08:30:15.123456');
CREATE TABLE sandbox_events (
	id VARCHAR(40) NOT NULL, 
	payment VARCHAR(40) NOT NULL, 
	told VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	due_at DATETIME NOT NULL, 
	tries INTEGER NOT NULL, 
	delivered_at DATETIME, 
	CONSTRAINT pk_sandbox_events PRIMARY KEY (id), 
	CONSTRAINT fk_sandbox_events_payment_sandbox_payments FOREIGN KEY(payment) REFERENCES sandbox_payments (id)
);
INSERT INTO "sandbox_events" VALUES('e1','p1','created','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456',0,NULL);
CREATE TABLE sandbox_payments (
	id VARCHAR(40) NOT NULL, 
	order_number VARCHAR(24) NOT NULL, 
	amount_minor INTEGER NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_sandbox_payments PRIMARY KEY (id), 
	CONSTRAINT uq_sandbox_payments_order_number UNIQUE (order_number)
);
INSERT INTO "sandbox_payments" VALUES('p1','L-20261001-CCCCCC',1500,'USD','2026-10-01 08:30:15.123456');
CREATE TABLE sessions (
	mark VARCHAR(64) NOT NULL, 
	handle VARCHAR(32) NOT NULL, 
	reader VARCHAR(32) NOT NULL, 
	label VARCHAR(80) NOT NULL, 
	created_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT pk_sessions PRIMARY KEY (mark), 
	CONSTRAINT fk_sessions_reader_readers FOREIGN KEY(reader) REFERENCES readers (id) ON DELETE CASCADE, 
	CONSTRAINT uq_sessions_handle UNIQUE (handle)
);
INSERT INTO "sessions" VALUES('m1','h1','ada','Firefox · macOS','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456',NULL);
INSERT INTO "sessions" VALUES('m2','h2','bob','','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456');
CREATE TABLE sign_ins (
	id VARCHAR(32) NOT NULL, 
	browser VARCHAR(64) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	code VARCHAR(64) NOT NULL, 
	link VARCHAR(64) NOT NULL, 
	target TEXT NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	tries INTEGER NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT pk_sign_ins PRIMARY KEY (id), 
	CONSTRAINT uq_sign_ins_browser UNIQUE (browser), 
	CONSTRAINT uq_sign_ins_link UNIQUE (link)
);
INSERT INTO "sign_ins" VALUES('s1','b1','ada@example.org','c','l','/account','zh','2026-10-01 08:30:15.123456','2026-10-01 08:30:15.123456',2,NULL);
CREATE INDEX ix_limits_ends_at ON limits (ends_at);
CREATE INDEX ix_outbox_sent_at_failed_at_send_at ON outbox (sent_at, failed_at, send_at);
CREATE INDEX ix_sign_ins_email_ended_at ON sign_ins (email, ended_at);
CREATE INDEX ix_sign_ins_expires_at ON sign_ins (expires_at);
CREATE INDEX ix_orders_reader ON orders (reader);
CREATE INDEX ix_sandbox_events_delivered_at_due_at ON sandbox_events (delivered_at, due_at);
CREATE INDEX ix_sandbox_events_payment ON sandbox_events (payment);
CREATE INDEX ix_sessions_reader ON sessions (reader);
CREATE INDEX ix_ledger_order_number ON ledger (order_number);
CREATE INDEX ix_ledger_reader_product ON ledger (reader, product);
CREATE INDEX ix_provider_events_provider_reference ON provider_events (provider, reference);
CREATE INDEX ix_payment_references_order_number ON payment_references (order_number);
CREATE INDEX ix_checkouts_order_number_kind ON checkouts (order_number, kind);
COMMIT;
