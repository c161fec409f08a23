SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.checkouts (
    id bigint NOT NULL,
    order_number character varying(24) NOT NULL,
    kind character varying(20) NOT NULL,
    address text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.checkouts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.checkouts_id_seq OWNED BY public.checkouts.id;
CREATE TABLE public.codes (
    id character varying(32) NOT NULL,
    mark character varying(64) NOT NULL,
    product character varying(200) NOT NULL,
    "interval" character varying(8),
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);
CREATE TABLE public.ledger (
    id bigint NOT NULL,
    kind character varying(16) NOT NULL,
    reader character varying(32) NOT NULL,
    product character varying(200) NOT NULL,
    order_number character varying(24),
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    "interval" character varying(8),
    until timestamp with time zone,
    source character varying(20) NOT NULL,
    event character varying(120) NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    payment character varying(120)
);
CREATE SEQUENCE public.ledger_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.ledger_id_seq OWNED BY public.ledger.id;
CREATE TABLE public.limits (
    name character varying(40) NOT NULL,
    subject character varying(64) NOT NULL,
    "window" bigint NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    count integer NOT NULL
);
CREATE TABLE public.orders (
    number character varying(24) NOT NULL,
    reader character varying(32) NOT NULL,
    product character varying(200) NOT NULL,
    title text NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    "interval" character varying(8),
    refund_days integer NOT NULL,
    lesson text,
    language character varying(8) NOT NULL,
    provider character varying(20) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_orders_amount CHECK ((amount_minor > 0))
);
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    key character varying(120) NOT NULL,
    recipient character varying(254) NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    send_at timestamp with time zone NOT NULL,
    not_after timestamp with time zone,
    tries integer NOT NULL,
    leased_until timestamp with time zone,
    sent_at timestamp with time zone,
    failed_at timestamp with time zone,
    problem character varying(200) NOT NULL
);
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.payment_references (
    provider character varying(20) NOT NULL,
    reference character varying(120) NOT NULL,
    order_number character varying(24),
    payment character varying(120)
);
CREATE TABLE public.provider_events (
    id bigint NOT NULL,
    provider character varying(20) NOT NULL,
    event character varying(120) NOT NULL,
    body bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    processed_at timestamp with time zone,
    outcome character varying(40) NOT NULL,
    reference character varying(120)
);
CREATE SEQUENCE public.provider_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.provider_events_id_seq OWNED BY public.provider_events.id;
CREATE TABLE public.readers (
    id character varying(32) NOT NULL,
    email character varying(254) NOT NULL,
    language character varying(8) NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.sandbox_events (
    id character varying(40) NOT NULL,
    payment character varying(40) NOT NULL,
    told character varying(16) NOT NULL,
    at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    tries integer NOT NULL,
    delivered_at timestamp with time zone
);
CREATE TABLE public.sandbox_payments (
    id character varying(40) NOT NULL,
    order_number character varying(24) NOT NULL,
    amount_minor bigint NOT NULL,
    currency character varying(3) NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.sessions (
    mark character varying(64) NOT NULL,
    handle character varying(32) NOT NULL,
    reader character varying(32) NOT NULL,
    label character varying(80) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);
CREATE TABLE public.sign_ins (
    id character varying(32) NOT NULL,
    browser character varying(64) NOT NULL,
    email character varying(254) NOT NULL,
    code character varying(64) NOT NULL,
    link character varying(64) NOT NULL,
    target text NOT NULL,
    language character varying(8) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    tries integer NOT NULL,
    ended_at timestamp with time zone
);
ALTER TABLE ONLY public.checkouts ALTER COLUMN id SET DEFAULT nextval('public.checkouts_id_seq'::regclass);
ALTER TABLE ONLY public.ledger ALTER COLUMN id SET DEFAULT nextval('public.ledger_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.provider_events ALTER COLUMN id SET DEFAULT nextval('public.provider_events_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0002');
INSERT INTO public.checkouts VALUES (1, 'L-20261001-CCCCCC', 'session', 'https://x', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.codes VALUES ('k1', 'mark', 'rust', NULL, '2026-10-01 08:30:15.123456+00', NULL);
INSERT INTO public.ledger VALUES (1, 'created', 'ada', 'rust', 'L-20261001-AAAAAA', 1500, 'USD', NULL, NULL, 'lyceum', 'L-20261001-AAAAAA', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', NULL);
INSERT INTO public.ledger VALUES (2, 'paid', 'ada', 'rust', 'L-20261001-AAAAAA', 1500, 'USD', NULL, NULL, 'stripe', 'paid:pi_1', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', 'pi_1');
INSERT INTO public.ledger VALUES (3, 'refunded', 'ada', 'rust', 'L-20261001-AAAAAA', 500, 'USD', NULL, NULL, 'stripe', 'refunded:re_1', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', 'pi_1');
INSERT INTO public.ledger VALUES (4, 'paid', 'ada', 'all', 'L-20261001-BBBBBB', 1500, 'USD', 'month', '2026-11-01 08:30:15.123456+00', 'stripe', 'paid:in_1', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', 'in_1');
INSERT INTO public.ledger VALUES (5, 'granted', 'ada', 'sql', NULL, 0, '', NULL, NULL, 'operator', 'g1', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', NULL);
INSERT INTO public.limits VALUES ('code', 'x', 4711, '2026-10-01 08:30:15.123456+00', 3);
INSERT INTO public.orders VALUES ('L-20261001-AAAAAA', 'ada', 'rust', '课 “Rust”', 1500, 'USD', NULL, 14, 'rust/生命', 'zh', 'stripe', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.orders VALUES ('L-20261001-BBBBBB', 'ada', 'all', '课 “Rust”', 1500, 'USD', 'month', 14, NULL, 'zh', 'stripe', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.orders VALUES ('L-20261001-CCCCCC', 'ada', 'sql', '课 “Rust”', 1500, 'USD', NULL, 14, NULL, 'zh', 'stripe', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.outbox VALUES (1, 'receipt:L-20261001-AAAAAA', 'ada@example.org', '收据', '…
', '<p>…</p>', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', NULL, 0, NULL, NULL, NULL, '');
INSERT INTO public.payment_references VALUES ('stripe', 'pi_1', 'L-20261001-AAAAAA', 'pi_1');
INSERT INTO public.provider_events VALUES (1, 'stripe', 'paid:pi_1', '\x7b226964223a20226576745f31227d00ff', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', 'recorded', NULL);
INSERT INTO public.readers VALUES ('ada', 'ada@example.org', 'zh', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.readers VALUES ('bob', 'bob@exämple.org', 'en', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.sandbox_events VALUES ('e1', 'p1', 'created', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', 0, NULL);
INSERT INTO public.sandbox_payments VALUES ('p1', 'L-20261001-CCCCCC', 1500, 'USD', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.sessions VALUES ('m1', 'h1', 'ada', 'Firefox · macOS', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', NULL);
INSERT INTO public.sessions VALUES ('m2', 'h2', 'bob', '', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00');
INSERT INTO public.sign_ins VALUES ('s1', 'b1', 'ada@example.org', 'c', 'l', '/account', 'zh', '2026-10-01 08:30:15.123456+00', '2026-10-01 08:30:15.123456+00', 2, NULL);
SELECT pg_catalog.setval('public.checkouts_id_seq', 1, true);
SELECT pg_catalog.setval('public.ledger_id_seq', 5, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 1, true);
SELECT pg_catalog.setval('public.provider_events_id_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.checkouts
    ADD CONSTRAINT pk_checkouts PRIMARY KEY (id);
ALTER TABLE ONLY public.codes
    ADD CONSTRAINT pk_codes PRIMARY KEY (id);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT pk_ledger PRIMARY KEY (id);
ALTER TABLE ONLY public.limits
    ADD CONSTRAINT pk_limits PRIMARY KEY (name, subject, "window");
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT pk_orders PRIMARY KEY (number);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);
ALTER TABLE ONLY public.payment_references
    ADD CONSTRAINT pk_payment_references PRIMARY KEY (provider, reference);
ALTER TABLE ONLY public.provider_events
    ADD CONSTRAINT pk_provider_events PRIMARY KEY (id);
ALTER TABLE ONLY public.readers
    ADD CONSTRAINT pk_readers PRIMARY KEY (id);
ALTER TABLE ONLY public.sandbox_events
    ADD CONSTRAINT pk_sandbox_events PRIMARY KEY (id);
ALTER TABLE ONLY public.sandbox_payments
    ADD CONSTRAINT pk_sandbox_payments PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (mark);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT pk_sign_ins PRIMARY KEY (id);
ALTER TABLE ONLY public.codes
    ADD CONSTRAINT uq_codes_mark UNIQUE (mark);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT uq_ledger_source_event UNIQUE (source, event);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT uq_outbox_key UNIQUE (key);
ALTER TABLE ONLY public.provider_events
    ADD CONSTRAINT uq_provider_events_provider_event UNIQUE (provider, event);
ALTER TABLE ONLY public.readers
    ADD CONSTRAINT uq_readers_email UNIQUE (email);
ALTER TABLE ONLY public.sandbox_payments
    ADD CONSTRAINT uq_sandbox_payments_order_number UNIQUE (order_number);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT uq_sessions_handle UNIQUE (handle);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT uq_sign_ins_browser UNIQUE (browser);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT uq_sign_ins_link UNIQUE (link);
CREATE INDEX ix_checkouts_order_number_kind ON public.checkouts USING btree (order_number, kind);
CREATE INDEX ix_ledger_order_number ON public.ledger USING btree (order_number);
CREATE INDEX ix_ledger_reader_product ON public.ledger USING btree (reader, product);
CREATE INDEX ix_limits_ends_at ON public.limits USING btree (ends_at);
CREATE INDEX ix_orders_reader ON public.orders USING btree (reader);
CREATE INDEX ix_outbox_sent_at_failed_at_send_at ON public.outbox USING btree (sent_at, failed_at, send_at);
CREATE INDEX ix_payment_references_order_number ON public.payment_references USING btree (order_number);
CREATE INDEX ix_provider_events_provider_reference ON public.provider_events USING btree (provider, reference);
CREATE INDEX ix_sandbox_events_delivered_at_due_at ON public.sandbox_events USING btree (delivered_at, due_at);
CREATE INDEX ix_sandbox_events_payment ON public.sandbox_events USING btree (payment);
CREATE INDEX ix_sessions_reader ON public.sessions USING btree (reader);
CREATE INDEX ix_sign_ins_email_ended_at ON public.sign_ins USING btree (email, ended_at);
CREATE INDEX ix_sign_ins_expires_at ON public.sign_ins USING btree (expires_at);
ALTER TABLE ONLY public.checkouts
    ADD CONSTRAINT fk_checkouts_order_number_orders FOREIGN KEY (order_number) REFERENCES public.orders(number);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT fk_ledger_order_number_orders FOREIGN KEY (order_number) REFERENCES public.orders(number);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT fk_ledger_reader_readers FOREIGN KEY (reader) REFERENCES public.readers(id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT fk_orders_reader_readers FOREIGN KEY (reader) REFERENCES public.readers(id);
ALTER TABLE ONLY public.payment_references
    ADD CONSTRAINT fk_payment_references_order_number_orders FOREIGN KEY (order_number) REFERENCES public.orders(number);
ALTER TABLE ONLY public.sandbox_events
    ADD CONSTRAINT fk_sandbox_events_payment_sandbox_payments FOREIGN KEY (payment) REFERENCES public.sandbox_payments(id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_reader_readers FOREIGN KEY (reader) REFERENCES public.readers(id) ON DELETE CASCADE;
