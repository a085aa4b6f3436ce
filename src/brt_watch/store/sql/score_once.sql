-- A trip that was under way when the simulation was started again is in the truth of both starts: it counts once.
delete from verdade_viagens as again
using verdade_viagens as first
where again.viagem = first.viagem and again.ctid > first.ctid;

delete from verdade_passagens as again
using verdade_passagens as first
where again.viagem = first.viagem and again.ordem = first.ordem and again.ctid > first.ctid;
