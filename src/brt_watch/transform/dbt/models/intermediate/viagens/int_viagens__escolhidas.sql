-- One row is a trip found by movement alone: of the advances on all lines at the same time, the one that explains most.
--
-- What an advance explains is its metres, weighed by how far the label agrees and by whether it goes from terminal to
-- terminal. Part of a line counts as a trip only where the label agrees and the bus stops on the way: a bus that drives
-- to a garage keeps the label and does not stop.

with avancos as (
    select *
    from {{ ref('int_viagens__nas_linhas') }}
),

{{ measured_advances() }},

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
                rivais.id_veiculo = avaliados.id_veiculo
                and rivais.dia_operacao = avaliados.dia_operacao
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
        escolhidos.id_veiculo,
        escolhidos.dia_operacao,
        escolhidos.inicio,
        min(rivais.linha) as outra_linha
    from escolhidos
    inner join avaliados as rivais
        on
            escolhidos.id_veiculo = rivais.id_veiculo
            and escolhidos.dia_operacao = rivais.dia_operacao
            and escolhidos.linha != rivais.linha
            and rivais.valor >= 0.95 * escolhidos.valor
            and least(escolhidos.chegada, rivais.chegada) - greatest(escolhidos.partida, rivais.partida)
            >= 0.9 * (escolhidos.chegada - escolhidos.partida)
    group by escolhidos.id_veiculo, escolhidos.dia_operacao, escolhidos.inicio
),

final as (
    select
        escolhidos.*,
        duvidas.outra_linha
    from escolhidos
    left join duvidas
        on
            escolhidos.id_veiculo = duvidas.id_veiculo
            and escolhidos.dia_operacao = duvidas.dia_operacao
            and escolhidos.inicio = duvidas.inicio
)

select * from final
