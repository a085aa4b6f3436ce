-- One row is a trip found by movement alone: of the advances on all lines at the same time, the one that explains most.
--
-- An advance explains its metres, weighted by how far the label agrees and by whether it runs from terminal to
-- terminal. Part of a line counts as a trip only where the label agrees and the bus stops on the way: a bus that drives
-- to a garage keeps the label and does not stop.

with {{ measured_advances(ref('int_viagens__nas_linhas'), ref('int_viagens__possiveis')) }},

avaliados as (
    select
        medidos.*,
        (ate_m - de_m) * (
            {{ var('viagem_peso_movimento') }}
            + {{ var('viagem_peso_rotulo') }} * rotulo
            + case when do_terminal and ao_terminal then {{ var('viagem_peso_completa') }} else 0 end
        ) as valor
    from medidos
    where
        (do_terminal and ao_terminal)
        or (rotulo >= 0.5 and parados >= {{ var('viagem_paradas_por_km') }} * (ate_m - de_m) / 1000)
),

escolhidos as (
    select *
    from avaliados
    where
        not exists (
            select 1
            from avaliados as rivais
            where
                rivais.veiculo_dia = avaliados.veiculo_dia
                and least(avaliados.chegada, rivais.chegada) - greatest(avaliados.partida, rivais.partida) > 60
                and (
                    rivais.valor > avaliados.valor
                    or (rivais.valor = avaliados.valor and rivais.linha < avaliados.linha)
                )
        )
),

-- Where several lines share the road and the label names none of them, the other one is kept with the choice.
duvidas as (
    select
        escolhidos.veiculo_dia,
        escolhidos.inicio,
        min(rivais.linha) as outra_linha
    from escolhidos
    inner join avaliados as rivais
        on
            escolhidos.veiculo_dia = rivais.veiculo_dia
            and escolhidos.linha != rivais.linha
            and rivais.valor >= 0.95 * escolhidos.valor
            and least(escolhidos.chegada, rivais.chegada) - greatest(escolhidos.partida, rivais.partida)
            >= 0.9 * (escolhidos.chegada - escolhidos.partida)
    group by escolhidos.veiculo_dia, escolhidos.inicio
),

final as (
    select
        escolhidos.*,
        duvidas.outra_linha
    from escolhidos
    left join duvidas on escolhidos.veiculo_dia = duvidas.veiculo_dia and escolhidos.inicio = duvidas.inicio
)

select * from final
